"""The asynchronous client: the same doors through another HTTP stack."""

import asyncio
from datetime import timedelta

from ngsildclient import Entity, NgsiAlreadyExistsError, SubscriptionBuilder
from ngsildclient.api.constants import AggrMethod
from ngsildclient.api.exceptions import NgsiResourceNotFoundError
from ngsildclient.api.helper.temporal import TemporalQuery

from features_batch import rooms
from features_queries import numbers
from features_temporal import START, evolved, hours, only
from table import equal, feature, holds
from world import PARKING_CONTEXT, without_context

GROUP = "asynchronous client"


async def raises(kind, awaitable):
    try:
        await awaitable
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


@feature(GROUP, "create, retrieve, exists, update, upsert, delete")
async def entities(world):
    entity = Entity("Room", "Async1").prop("temperature", 20)
    async with world.asynchronous() as client:
        equal(await client.create(entity), True, "created")
        await raises(NgsiAlreadyExistsError, client.create(entity))
        equal(await client.entities.create(entity, skip=True), False, "skipped")
        equal(without_context(await client.get(entity)), without_context(entity), "the entity")
        equal((await client.get("Room:Async1", asdict=True))["temperature"]["value"], 20, "as a dictionary")
        equal(await client.exists(entity), True, "exists")
        equal(await client.exists("Room:AsyncNone"), False, "another exists")
        entity["temperature"].value = 21
        equal(await client.update(entity), True, "updated")
        entity["temperature"].value = 22
        equal(await client.upsert(entity), True, "upserted")
        equal((await client.get(entity))["temperature"].value, 22, "value")
        equal(await client.delete(entity), True, "deleted")
        await raises(NgsiResourceNotFoundError, client.get(entity))


@feature(GROUP, "batches: create, upsert, update, delete; 207 tells which failed")
async def batches(world):
    made = rooms("Async", 230)
    async with world.asynchronous() as client:
        result = await client.create(made)
        equal((result.n_ok, result.n_err), (230, 0), "created")
        again = await client.create(made[:3] + rooms("AsyncMore", 2))
        equal((again.n_ok, again.n_err), (2, 3), "created a second time")
        equal((await client.upsert(rooms("Async", 230, colour="red"))).n_ok, 230, "upserted")
        more = [Entity("RoomAsync", f"{number:04}").prop("size", 1) for number in range(230)]
        equal((await client.update(more, overwrite=False)).n_ok, 230, "updated")
        equal((await client.get(made[0]))["size"].value, 1, "value")
        equal((await client.update(more, overwrite=False)).n_err, 230, "left alone")
        equal((await client.update(more)).n_ok, 230, "overwritten")
        equal((await client.delete(made[200:])).n_ok, 30, "deleted")
        equal(await client.count("RoomAsync"), 200, "count")


@feature(GROUP, "queries: count, first ones, all pages, generator, callback, context")
async def queries(world):
    evolved(world)
    made = rooms("AsyncQuery", 130)
    async with world.asynchronous() as client:
        await client.create(made)
        equal(await client.count("RoomAsyncQuery", "number<30"), 30, "count")
        equal(numbers(await client.query_head("RoomAsyncQuery", n=3)), [0, 1, 2], "the first ones")
        equal(numbers(await client.query("RoomAsyncQuery", limit=40)), list(range(130)), "all")
        equal(numbers([one async for one in client.query_generator("RoomAsyncQuery")]), list(range(130)), "generated")
        seen = []
        await client.query_handle("RoomAsyncQuery", q="number>=120", callback=seen.append)
        equal(numbers(seen), list(range(120, 130)), "handled")
        found = await client.query("OffStreetParking", 'name=="Downtown One"', ctx=PARKING_CONTEXT)
        holds(found, "found in a context")


@feature(GROUP, "many at a time")
async def concurrent(world):
    made = [Entity("RoomConcurrent", f"{number:03}").prop("number", number) for number in range(100)]
    async with world.asynchronous() as client:
        equal(set(await asyncio.gather(*(client.create(one) for one in made))), {True}, "created")
        found = await asyncio.gather(*(client.get(one) for one in made))
        equal(numbers(found), list(range(100)), "retrieved")


@feature(GROUP, "delete what matches, a type, everything; types; tenants")
async def removal(world):
    async with world.asynchronous(tenant="walk_async") as client:
        await client.create_tenant("walk_async")
        await client.create(rooms("AsyncRemoval", 20))
        equal(sorted(await client.types.list())[0], "RoomAsyncRemoval", "types")
        await client.delete_where("RoomAsyncRemoval", "number<5")
        equal(await client.count("RoomAsyncRemoval"), 15, "after delete_where")
        await client.drop("RoomAsyncRemoval")
        equal(await client.count("RoomAsyncRemoval"), 0, "after drop")
        await client.create(Entity("Room", "A1"))
        await client.purge()
        equal(await client.types.list(), [], "after purge")


@feature(GROUP, "subscriptions: create, retrieve, list, notified, delete")
async def subscriptions(world):
    lamp = Entity("LampAsync", "L1").prop("power", 1)
    async with world.asynchronous() as client:
        builder = SubscriptionBuilder(world.receiver.uri("/async")).description("asynchronous")
        made = await client.subscriptions.create(builder.select_type("LampAsync").watch(["power"]).build())
        equal((await client.subscriptions.get(made))["description"], "asynchronous", "description")
        equal([one["id"] for one in await client.subscriptions.list("asynchronous")], [made], "listed")
        equal(await client.subscriptions.exists(made), True, "exists")
        await client.create(lamp)
        _, body = world.receiver.next("/async")
        equal([one["id"] for one in body["data"]], [lamp.id], "entities of the notification")
        equal(await client.subscriptions.delete("asynchronous"), True, "deleted")
        await raises(NgsiResourceNotFoundError, client.subscriptions.get(made))


@feature(GROUP, "contexts: add, list, retrieve, exists, delete")
async def contexts(world):
    async with world.asynchronous() as client:
        before = set(await client.contexts.list())
        await client.contexts.add({"@context": {"walked": "https://walk.example/asynchronous"}})
        (added,) = set(await client.contexts.list()) - before
        local = added.rsplit("/", 1)[-1]
        equal(await client.contexts.exists(local), True, "exists")
        equal(
            (await client.contexts.get(local))["@context"], {"walked": "https://walk.example/asynchronous"}, "content"
        )
        equal(await client.contexts.delete(local), True, "deleted")
        equal(set(await client.contexts.list()), before, "left")


@feature(GROUP, "temporal: retrieve, as a data frame, aggregate")
async def temporal(world):
    entity = evolved(world)
    of = {"attrs": ["availableSpotNumber"], "ctx": PARKING_CONTEXT}
    async with world.asynchronous() as client:
        found = await client.temporal.get(entity, **of)
        equal(found["availableSpotNumber"]["values"], hours(*range(13)), "values")
        frame = await client.temporal.get(entity, **of, as_dataframe=True)
        equal(list(frame.tail(3)["availableSpotNumber"]), [21, 11, 1], "the last three values")
        span = TemporalQuery().between(START, START + timedelta(hours=12))
        result = await client.temporal.aggregate(**only(tq=span), methods=[AggrMethod.MAXIMUM])
        equal([one[0] for one in result.result[0]["availableSpotNumber"]["max"]], [121], "maximum")


@feature(GROUP, "temporal: query")
async def temporal_query(world):
    evolved(world)
    async with world.asynchronous() as client:
        found = await client.temporal.query(**only())
        equal([one["availableSpotNumber"]["values"] for one in found], [hours(*range(13))], "values")
