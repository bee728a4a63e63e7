"""One entity at a time, tenants, and what the client makes of errors."""

from ngsildclient import Entity, NgsiAlreadyExistsError
from ngsildclient.api.constants import Vendor
from ngsildclient.api.exceptions import (
    NgsiBadRequestDataError,
    NgsiInvalidRequestError,
    NgsiNonexistentTenantError,
    NgsiResourceNotFoundError,
)

from features_model import parking
from table import Contradicts, equal, feature, holds
from world import CONTEXT, PARKING_CONTEXT, without_context

GROUP = "entities"


def raised(kind, work):
    try:
        work()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


@feature(GROUP, "connect, and tell whether the server is there")
def connect(world):
    equal(world.client.is_connected(), True, "connected")


@feature(GROUP, "detect the vendor: one that the client does not know is UNKNOWN")
def vendor(world):
    # It looks at /version and /actuator, which belong to three vendors; a stranger must not look like one of them.
    equal(world.client.guess_vendor(), (Vendor.UNKNOWN, "N/A"), "vendor")


@feature(GROUP, "create; what exists is refused; skip; overwrite")
def create(world):
    entity = Entity("Room", "Made1").prop("temperature", 20)
    equal(world.client.create(entity), True, "created")
    error = raised(NgsiAlreadyExistsError, lambda: world.client.create(entity))
    equal(error.problemdetails.status, 409, "status")
    holds(error.problemdetails.title and error.problemdetails.detail, "the problem has a title and a detail")
    equal(world.client.entities.create(entity, skip=True), False, "created a second time")
    with world.another(overwrite=True) as client:
        # The client's overwrite is an update without a look: of a 409 it makes nothing.
        equal(client.create(Entity("Room", "Made1").prop("temperature", 21)), False, "overwritten")
    equal(world.client.get(entity)["temperature"].value, 20, "value")


@feature(GROUP, "retrieve by entity, by id, by id without prefix, as a dictionary, in a context, simplified")
def retrieve(world):
    entity = parking("Got1")
    world.client.upsert(entity)
    for key in (entity, entity.id, "OffStreetParking:Got1"):
        again = world.client.get(key, ctx=PARKING_CONTEXT)
        equal(without_context(again), without_context(entity), f"by {key!r}")
    plain = world.client.get(entity, ctx=PARKING_CONTEXT, asdict=True)
    equal(plain["type"], "OffStreetParking", "type")
    holds("@context" in plain, "a JSON-LD answer has an @context")
    expanded = world.client.get(entity, asdict=True)
    equal(expanded["type"], "https://parking.example/terms/OffStreetParking", "type without the context")
    simple = world.client.get(entity, ctx=PARKING_CONTEXT, asdict=True, params={"options": "keyValues"})
    equal(simple["availableSpotNumber"], 121, "simplified")


@feature(GROUP, "retrieve what is not there")
def retrieve_nothing(world):
    error = raised(NgsiResourceNotFoundError, lambda: world.client.get("Room:Nowhere"))
    equal(error.problemdetails.status, 404, "status")


@feature(GROUP, "exists")
def exists(world):
    entity = Entity("Room", "There1")
    equal(world.client.exists(entity), False, "before")
    world.client.create(entity)
    equal(world.client.exists(entity), True, "after")
    equal(world.client.exists("Room:There1"), True, "by id")


@feature(GROUP, "update: what is there is replaced, what is not there is left alone")
def update(world):
    entity = Entity("Room", "Updated1").prop("temperature", 20).prop("old", 1)
    equal(world.client.update(entity), False, "before it exists")
    world.client.create(entity)
    entity.rm("old")
    entity["temperature"].value = 22
    equal(world.client.update(entity), True, "after")
    equal(without_context(world.client.get(entity)), without_context(entity), "the entity")


@feature(GROUP, "upsert")
def upsert(world):
    entity = Entity("Room", "Upserted1").prop("temperature", 20)
    equal(world.client.upsert(entity), True, "the first time")
    entity["temperature"].value = 23
    equal(world.client.upsert(entity), True, "the second time")
    equal(world.client.get(entity)["temperature"].value, 23, "value")


@feature(GROUP, "delete; what is not there is refused")
def delete(world):
    entity = Entity("Room", "Deleted1")
    world.client.create(entity)
    equal(world.client.delete(entity), True, "deleted")
    equal(world.client.exists(entity), False, "exists")
    raised(NgsiResourceNotFoundError, lambda: world.client.delete(entity))


@feature(GROUP, "errors: a bad entity, a bad id, a bad query, each as an exception of its own")
def errors(world):
    valueless, nameless = Entity("Room", "Bad1"), Entity("Room", "Bad2")
    valueless["a"] = {"type": "Property"}
    nameless.id = "not a URI"
    for bad in (valueless, nameless):
        raised(NgsiBadRequestDataError, lambda: world.client.create(bad))  # noqa: B023
    raised(NgsiBadRequestDataError, lambda: world.client.query(type="Room", q="temperature=="))
    raised(NgsiInvalidRequestError, lambda: world.client.get("Room:Made1", params={"options": "nonsense"}))


@feature(GROUP, "errors can be ignored")
def ignored(world):
    with world.another(ignore_errors=True) as client:
        equal(client.create(Entity("Room", "Made1")), True, "what the client says of a 409 that it ignores")
        equal(world.wire.last.status, 409, "status")


@feature(GROUP, "tenants: created by the first write to them, apart from each other")
def tenants(world):
    entity = Entity("Room", "Rented1").prop("temperature", 30)
    with world.another(tenant="walk_one") as one, world.another(tenant="walk_two") as two:
        two.create(Entity("Hall", "Rented2").prop("temperature", 20))
        one.create(entity)
        equal(world.wire.last.headers.get("NGSILD-Tenant"), "walk_one", "the tenant, echoed")
        equal(one.exists(entity), True, "in its tenant")
        equal(two.exists(entity), False, "in another tenant")
        equal(two.count("Room"), 0, "entities in the other tenant")
    equal(world.client.exists(entity), False, "in no tenant")
    session = world.client.session
    answer = session.get(f"{world.base}/ngsi-ld/v1/entities?type=Room", headers={"NGSILD-Tenant": "walk_none"})
    equal(answer.status_code, 404, "a tenant that nobody made")
    holds(answer.json()["type"].endswith("/NonexistentTenant"), "its error type")
    equal(issubclass(NgsiNonexistentTenantError, Exception), True, "the client knows it")


@feature(
    GROUP,
    "tenants: created by the client when it connects",
    Contradicts(
        "4.6.2",
        "the type of the entity with which it means to do so, __NGSILD-Tenant__, is not a name",
        404,
        NgsiNonexistentTenantError,
    ),
)
def connected(world):
    with world.another(tenant="walk_three") as three:
        three.count("Room")


@feature(GROUP, "follow relationships, and the network around an entity")
def follow(world):
    camera = Entity("Camera", "F1").prop("model", "X100")
    other = Entity("Parking", "F1").prop("n", 1).rel("providedBy", camera)
    world.client.upsert([camera, other])
    world.client.enable_follow()
    try:
        equal(world.client.get(other).follow("providedBy")["model"].value, "X100", "model")
    finally:
        world.client.disable_follow()
    network = world.client.network(other)
    equal(sorted(node for _, node in network.nodes), ["Camera:F1", "Parking:F1"], "nodes of the network")


@feature(GROUP, "types")
def types(world):
    world.client.upsert(Entity("Lamp", "T1", ctx=list(CONTEXT)), parking("T1"))
    listed = world.client.types.list()
    holds("Lamp" in listed, "a type of the core context is listed by its short name")
    holds("https://parking.example/terms/OffStreetParking" in listed, "any other by its full name")
