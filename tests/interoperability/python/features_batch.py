"""Many entities at a time."""

import os

from ngsildclient import Entity
from ngsildclient.api.batch import BatchResult

from table import OwnFault, equal, feature, holds
from world import without_context

GROUP = "batches"


def rooms(prefix, count, **values):
    """Rooms of a type of their own."""
    made = []
    for number in range(count):
        entity = Entity(f"Room{prefix}", f"{number:04}").prop("number", number)
        for name, value in values.items():
            entity.prop(name, value)
        made.append(entity)
    return made


@feature(GROUP, "create 250 in three requests")
def create(world):
    made = rooms("BatchCreate", 250)
    result = world.client.create(made)
    equal((result.op, result.n_ok, result.n_err, result.ok), ("create", 250, 0, True), "result")
    equal(sorted(result.success), [one.id for one in made], "ids of the answer")
    equal([one.status for one in world.wire.answers], [201, 201, 201], "statuses")
    equal(world.client.count("RoomBatchCreate"), 250, "count")


@feature(GROUP, "create some that exist: 207 tells which")
def create_partly(world):
    made = rooms("BatchPartly", 10)
    world.client.create(made[:4])
    result = world.client.create(made)
    equal((result.n_ok, result.n_err, result.ok, result.ratio), (6, 4, False, 0.6), "result")
    equal(sorted(one["entityId"] for one in result.errors), [one.id for one in made[:4]], "those that existed")
    for one in result.errors:
        holds(one["error"]["type"].endswith("/AlreadyExists"), "the error of each is AlreadyExists")
    try:
        result.raise_for_status()
    except Exception as error:
        holds("create" in str(error), "the client says what failed")
    else:
        raise AssertionError("a partly failed batch raises")


@feature(GROUP, "create with arguments one by one")
def create_arguments(world):
    result = world.client.create(*rooms("BatchArguments", 3))
    equal(result.n_ok, 3, "created")


@feature(GROUP, "upsert: create, replace, and update what exists")
def upsert(world):
    made = rooms("BatchUpsert", 5, colour="red")
    equal(world.client.upsert(made[:3]).n_ok, 3, "created")
    equal(world.wire.last.status, 201, "status when all are new")
    replaced = rooms("BatchUpsert", 5, size=7)
    # 201 names the created ones only (6.15.3.1); the client counts them.
    equal((world.client.upsert(replaced).n_ok, world.wire.last.status), (2, 201), "three replaced and two created")
    for one in replaced:
        equal(without_context(world.client.get(one)), without_context(one), "a replaced entity")
    result = world.client.upsert([Entity("RoomBatchUpsert", "0000").prop("colour", "blue")], update=True)
    equal((result.n_ok, world.wire.last.status), (1, 204), "updated")
    again = without_context(world.client.get("RoomBatchUpsert:0000"))
    equal(sorted(again), ["colour", "id", "number", "size", "type"], "attributes after an update")


@feature(GROUP, "update: overwrite or not")
def update(world):
    made = rooms("BatchUpdate", 3, colour="red")
    world.client.create(made)
    result = world.client.update(rooms("BatchUpdate", 3, colour="green"))
    equal((result.n_ok, world.wire.last.status), (3, 204), "updated")
    equal(world.client.get(made[0])["colour"].value, "green", "value")
    other = [Entity("RoomBatchUpdate", f"{number:04}").prop("colour", "x").prop("new", 1) for number in range(3)]
    result = world.client.update(other, overwrite=False)
    # What was left alone is told of each entity, although the rest of it was appended.
    equal((result.n_err, world.wire.last.status), (3, 207), "left alone")
    again = world.client.get(made[0])
    equal((again["colour"].value, again["new"].value), ("green", 1), "values when nothing is overwritten")


@feature(GROUP, "update some that do not exist: 207 tells which")
def update_partly(world):
    made = rooms("BatchUpdatePartly", 4)
    world.client.create(made[:2])
    result = world.client.update(made)
    equal((result.n_ok, result.n_err), (2, 2), "result")
    for one in result.errors:
        holds(one["error"]["type"].endswith("/ResourceNotFound"), "the error of each is ResourceNotFound")


@feature(GROUP, "delete")
def delete(world):
    made = rooms("BatchDelete", 150)
    world.client.create(made)
    result = world.client.delete(made)
    equal((result.op, result.n_ok, result.ok), ("delete", 150, True), "result")
    equal(world.client.count("RoomBatchDelete"), 0, "count")
    result = world.client.delete(made[:2])
    equal((result.n_ok, result.n_err), (0, 2), "of entities that are gone")


@feature(
    GROUP,
    "delete by ids",
    OwnFault("after a 204 it asks the ids for their ids", AttributeError),
)
def delete_by_ids(world):
    made = rooms("BatchDeleteIds", 3)
    world.client.create(made)
    try:
        world.client.batch.delete([one.id for one in made])
    finally:
        equal(world.wire.last.status, 204, "status")
        equal(world.client.count("RoomBatchDeleteIds"), 0, "count")


@feature(GROUP, "import from and delete by a file")
def file(world):
    made = rooms("BatchFile", 120)
    path = os.path.join(world.folder, "rooms.jsonld")
    Entity.save_batch(made, path)
    equal(world.client.bulk_import(path).n_ok, 120, "imported")
    equal(world.client.count("RoomBatchFile"), 120, "count")
    equal(world.client.delete_from_file(path).n_ok, 120, "deleted")
    equal(world.client.count("RoomBatchFile"), 0, "count afterwards")


@feature(GROUP, "results add up")
def results(_world):
    total = BatchResult("create")
    total += BatchResult("create", ["a"], [])
    total += BatchResult("create", [], ["b"])
    equal((total.n_ok, total.n_err, total.n_tot), (1, 1, 2), "sum")
