"""The evolution of entities: as lists of values, as a data frame, aggregated."""

from datetime import datetime, timedelta, timezone

from ngsildclient import Entity
from ngsildclient.api.constants import AggrMethod, TimeProperty
from ngsildclient.api.helper.temporal import TemporalQuery

from features_model import parking
from table import Contradicts, OwnFault, equal, feature, holds
from world import CONTEXT, PARKING_CONTEXT

GROUP = "temporal"
START = datetime(2022, 10, 25, 8, tzinfo=timezone.utc)


def evolved(world):
    """The parking of the README over a day: 121 free spots at 8 o'clock, 10 fewer each hour until 20 o'clock."""
    entity = parking("Day", "ParkingLot")
    if not world.client.exists(entity):
        world.client.create(entity)
        spots = entity["availableSpotNumber"]
        for _ in range(12):
            spots.observedat += timedelta(hours=1)
            spots.value -= 10
            world.client.batch.update([entity])
    return entity


def hours(*values):
    """What the list of values must be, by the hours of that day."""
    return [[121 - 10 * hour, f"2022-10-25T{8 + hour:02}:00:00Z"] for hour in values]


def only(**members):
    """Every request of these asks for one attribute of one type."""
    return {"type": "ParkingLot", "attrs": ["availableSpotNumber"], "ctx": PARKING_CONTEXT, **members}


@feature(GROUP, "retrieve an evolution as lists of values")
def retrieve(world):
    entity = evolved(world)
    found = world.client.temporal.get(entity, attrs=["availableSpotNumber"], ctx=PARKING_CONTEXT)
    equal((found["id"], found["type"]), (entity.id, "ParkingLot"), "the entity")
    equal(found["availableSpotNumber"]["values"], hours(*range(13)), "values")


@feature(GROUP, "retrieve it in full (verbose)")
def verbose(world):
    entity = evolved(world)
    found = world.client.temporal.get(entity, attrs=["availableSpotNumber"], ctx=PARKING_CONTEXT, verbose=True)
    instances = found["availableSpotNumber"]
    equal(len(instances), 13, "instances")
    ids = {one["instanceId"] for one in instances}
    equal(len(ids), 13, "instance ids")
    equal(instances[0]["reliability"]["value"], 0.7, "metadata")


@feature(GROUP, "the README's table: an evolution as a data frame")
def data_frame(world):
    entity = evolved(world)
    frame = world.client.temporal.get(entity, attrs=["availableSpotNumber"], ctx=PARKING_CONTEXT, as_dataframe=True)
    equal(list(frame.columns), ["ParkingLot", "observed", "availableSpotNumber"], "columns")
    last = frame.tail(3)
    equal(list(last["availableSpotNumber"]), [21, 11, 1], "the last three values")
    equal(str(last["observed"].iloc[-1]), "2022-10-25 20:00:00+00:00", "the last instant")
    equal(set(frame["ParkingLot"]), {"Day"}, "the entity")


@feature(GROUP, "aggregate by periods, with every method")
def aggregate(world):
    evolved(world)
    span = TemporalQuery().between(START, START + timedelta(hours=12))
    result = world.client.temporal.aggregate(
        **only(tq=span), methods=list(AggrMethod), period=timedelta(hours=6)
    ).result
    equal(len(result), 1, "entities")
    values = result[0]["availableSpotNumber"]
    first, second = [121, 111, 101, 91, 81, 71], [61, 51, 41, 31, 21, 11]
    for method, of in [
        ("totalCount", len),
        ("distinctCount", len),
        ("sum", sum),
        ("avg", lambda them: sum(them) / len(them)),
        ("min", min),
        ("max", max),
        ("sumsq", lambda them: sum(one * one for one in them)),
    ]:
        equal([one[0] for one in values[method]], [of(first), of(second)], method)
    equal([one[1] for one in values["avg"]], ["2022-10-25T08:00:00Z", "2022-10-25T14:00:00Z"], "starts of the periods")
    holds(abs(values["stddev"][0][0] - 17.078251) < 1e-5, f"stddev {values['stddev']}")


@feature(GROUP, "aggregate days by their average, what the client does unless told otherwise")
def aggregate_default(world):
    evolved(world)
    result = world.client.temporal.aggregate(**only(tq=TemporalQuery().after(START))).result
    equal([one[0] for one in result[0]["availableSpotNumber"]["avg"]], [61.0], "averages")


@feature(GROUP, "query by type, as lists of values")
def query(world):
    evolved(world)
    found = world.client.temporal.query(**only())
    equal([one["availableSpotNumber"]["values"] for one in found], [hours(*range(13))], "values")
    # It asks for the count by a keyword of `options`, as other brokers have it beside `count=true` (6.3.13).
    equal(world.wire.last.headers["NGSILD-Results-Count"], "1", "count")


@feature(GROUP, "query as a generator")
def generator(world):
    evolved(world)
    found = list(world.client.temporal.query_generator(**only()))
    equal(len(found), 1, "entities")


@feature(GROUP, "query with a callback", OwnFault("it gives by position what is taken by name only", TypeError))
def callback(world):
    world.client.temporal.query_handle(**only(callback=print))


@feature(
    GROUP,
    "the first ones of a query",
    Contradicts("6.3.10", "the size of a page is `limit`; `pageSize` is no parameter of the operation (6.3.20)", 400),
)
def head(world):
    world.client.temporal.query_head(**only())


@feature(GROUP, "after, before, between; the last ones (through the door of the queries that the client can send)")
def times(world):
    evolved(world)
    temporal = world.client.temporal
    for tq, expected in [
        (TemporalQuery().after(START + timedelta(hours=10)), range(10, 13)),
        (TemporalQuery().before(START + timedelta(hours=2)), range(2)),
        (TemporalQuery().between(START + timedelta(hours=3), START + timedelta(hours=5)), range(3, 5)),
        (TemporalQuery().after(START, timeprop=TimeProperty.OBSERVED_AT), range(13)),
    ]:
        found = temporal._query(**only(tq=tq), count=False).result
        equal(found[0]["availableSpotNumber"]["values"], hours(*expected), f"values {dict(tq)}")
    found = temporal._query(**only(tq=TemporalQuery().after(START)), lastn=3, count=False).result
    equal(sorted(found[0]["availableSpotNumber"]["values"]), sorted(hours(10, 11, 12)), "the last three")
    recent = TemporalQuery().after(timedelta(days=1), TimeProperty.CREATED_AT)
    equal(len(temporal._query(**only(tq=recent), count=False).result), 1, "by createdAt")


@feature(GROUP, "query with q, by id, in full")
def query_more(world):
    evolved(world)
    world.client.upsert(Entity("ParkingLot", "Other", ctx=list(CONTEXT)).prop("name", "Other"))
    temporal = world.client.temporal
    found = temporal._query(**only(q='name=="Downtown One"', eid="ParkingLot:Day"), count=False, verbose=True)
    equal([one["id"] for one in found.result], ["urn:ngsi-ld:ParkingLot:Day"], "entities")
    equal(len(found.result[0]["availableSpotNumber"]), 13, "instances")


@feature(
    GROUP,
    "geo-queries",
    Contradicts("4.10", "a geo-query has a geometry and coordinates; the client sends a georel alone", 400),
)
def geo(world):
    world.client.temporal.aggregate(**only(gq="near;maxDistance==1000"))


@feature(
    GROUP,
    "query by POST",
    OwnFault("it names types that it imports for the type checker only", NameError),
)
def posted(world):
    evolved(world)
    query = {
        "type": "Query",
        "entities": [{"type": "ParkingLot"}],
        "attrs": ["availableSpotNumber"],
        "temporalQ": {"timerel": "after", "timeAt": "2022-10-25T18:00:00Z"},
    }
    try:
        world.client.temporal.alt.query(query, ctx=PARKING_CONTEXT)
    finally:
        equal(world.wire.last.status, 200, "status")
        holds('"2022-10-25T20:00:00Z"' in world.wire.last.text, "the answer holds the last instant")
