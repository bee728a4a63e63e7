"""Subscriptions, made by the client's builder and otherwise, and the notifications that come of them."""

from dataclasses import replace

from ngsildclient import Entity, SubscriptionBuilder
from ngsildclient.api.exceptions import NgsiAlreadyExistsError, NgsiBadRequestDataError, NgsiResourceNotFoundError

from features_entities import raised
from features_model import parking
from table import Contradicts, OwnFault, equal, feature, holds
from world import CONTEXT, PARKING_CONTEXT, eventually

GROUP = "subscriptions"


def built(world, path, **options):
    builder = SubscriptionBuilder(world.receiver.uri(path)).name(f"walk {path}")
    for name, value in options.items():
        builder = getattr(builder, name)(value)
    return builder.build()


@feature(GROUP, "create by the builder; the id is in Location; retrieve; exists")
def create(world):
    subscription = built(world, "/made", description="made by a walk", select_type="Lamp", watch=["power"])
    made = world.client.subscriptions.create(subscription)
    holds(made.startswith("urn:ngsi-ld:Subscription:"), f"an id of the server: {made}")
    again = world.client.subscriptions.get(made)
    for member in ("description", "watchedAttributes", "isActive"):
        equal(again[member], subscription[member], member)
    equal([one["type"] for one in again["entities"]], ["Lamp"], "entities")
    equal(again["notification"]["endpoint"]["uri"], world.receiver.uri("/made"), "endpoint")
    equal(again["status"], "active", "status")
    equal(world.client.subscriptions.exists(made), True, "exists")
    equal(world.client.subscriptions.exists("urn:ngsi-ld:Subscription:none"), False, "another exists")


@feature(GROUP, "create with an id of one's own; a second of that id is refused")
def create_with_id(world):
    subscription = built(world, "/own", select_type="Lamp", id="urn:ngsi-ld:Subscription:own")
    equal(world.client.subscriptions.create(subscription), "urn:ngsi-ld:Subscription:own", "id")
    raised(NgsiAlreadyExistsError, lambda: world.client.subscriptions.create(subscription, raise_on_conflict=False))


@feature(GROUP, "notified of changes: normalized, with the context in the body")
def notified(world):
    entity = parking("Notified1")
    world.client.upsert(entity)
    made = world.client.subscriptions.create(
        built(
            world,
            "/parking",
            select_type="OffStreetParking",
            watch=["availableSpotNumber"],
            notif=["availableSpotNumber"],
            context=PARKING_CONTEXT,
        )
    )
    entity["availableSpotNumber"].value = 100
    world.client.batch.update([entity])
    headers, body = world.receiver.next("/parking")
    equal(headers["Content-Type"].split(";")[0], "application/ld+json", "Content-Type")
    equal((body["type"], body["subscriptionId"]), ("Notification", made), "the notification")
    equal([one["id"] for one in body["data"]], [entity.id], "entities")
    equal(body["data"][0]["availableSpotNumber"]["value"], 100, "value")
    equal(sorted(set(body["data"][0]) - {"@context"}), ["availableSpotNumber", "id", "type"], "members")
    # The receiver has it before the server has read the receiver's answer, which is what it counts.
    counters = eventually(
        lambda: world.client.subscriptions.get(made)["notification"], lambda found: found.get("timesSent", 0) >= 1
    )
    holds("lastNotification" in counters and "lastSuccess" in counters, f"it is counted: {counters}")


@feature(GROUP, "notified of entities of an id pattern and a type; of nothing else")
def pattern(world):
    subscription = built(world, "/pattern", watch=["power"])
    subscription["entities"] = [{"type": "Lamp", "idPattern": ".*:Lamp:W.*"}]
    world.client.subscriptions.create(subscription)
    world.client.upsert(Entity("Lamp", "V1").prop("power", 1))
    world.client.upsert(Entity("Lamp", "W1").prop("power", 1))
    _, body = world.receiver.next("/pattern")
    equal([one["id"] for one in body["data"]], ["urn:ngsi-ld:Lamp:W1"], "entities")
    holds(world.receiver.none("/pattern"), "nothing else arrives")


TYPELESS = Contradicts(
    "5.2.33",
    "an EntitySelector has a type; the builder makes one of the {} alone",
    400,
    NgsiBadRequestDataError,
)


@feature(GROUP, "the builder's select_id", replace(TYPELESS, meaning=TYPELESS.meaning.format("id")))
def by_id(world):
    world.client.subscriptions.create(built(world, "/by-id", select_id="urn:ngsi-ld:Lamp:W1"))


@feature(GROUP, "the builder's select_idpattern", replace(TYPELESS, meaning=TYPELESS.meaning.format("idPattern")))
def by_pattern(world):
    world.client.subscriptions.create(built(world, "/by-pattern", select_idpattern=".*:Lamp:W.*"))


@feature(GROUP, "a condition, written by hand")
def condition(world):
    subscription = built(world, "/high", select_type="OffStreetParking", watch=["occupancy"], context=PARKING_CONTEXT)
    subscription["q"] = 'occupancy>0.9;name=="Downtown One"'
    world.client.subscriptions.create(subscription)
    for occupancy in (0.5, 0.95):
        entity = Entity("OffStreetParking", "High1", ctx=list(CONTEXT)).prop("occupancy", occupancy)
        world.client.upsert(entity.prop("name", "Downtown One"))
    _, body = world.receiver.next("/high")
    equal(body["data"][0]["occupancy"]["value"], 0.95, "value")


@feature(
    GROUP,
    "a condition, by the builder",
    Contradicts(
        "4.9",
        "a query is percent-encoded where it is part of a URI only; the builder encodes it in the body",
        400,
        NgsiBadRequestDataError,
    ),
)
def built_condition(world):
    world.client.subscriptions.create(built(world, "/built", select_type="Lamp", query='power>0.9;name=="x"'))


@feature(GROUP, "list all, and those of a name or description")
def listed(world):
    every = world.client.subscriptions.list()
    holds(len(every) >= 4, f"all are listed: {len(every)}")
    equal([one["description"] for one in world.client.subscriptions.list("made by a WALK")], ["made by a walk"], "some")


@feature(GROUP, "delete by name or description, and all (purge)")
def delete(world):
    equal(world.client.subscriptions.delete("made by a walk"), True, "deleted")
    equal(world.client.subscriptions.list("made by a walk"), [], "left of it")
    equal(world.client.subscriptions.delete("no such"), False, "of none")
    holds(world.client.subscriptions.purge(), "purged")
    equal(world.client.subscriptions.list(), [], "left of all")
    raised(NgsiResourceNotFoundError, lambda: world.client.subscriptions.get("urn:ngsi-ld:Subscription:own"))


@feature(
    GROUP,
    "find conflicts",
    OwnFault(
        "it compares all members, and those that a server adds (5.2.12: status, and others) hide every conflict",
        ValueError,
    ),
)
def conflicts(world):
    subscription = built(world, "/conflict", select_type="Lamp")
    try:
        made = world.client.subscriptions.create(subscription)
        equal(world.client.subscriptions.get(made)["status"], "active", "a member that the server adds")
        if not world.client.subscriptions.conflicts(subscription):
            raise ValueError("no conflict is found")
    finally:
        world.client.subscriptions.purge()
