"""Queries by GET and by POST, counting, paging, and what is built on them: deleting what matches."""

import json
import os
from pathlib import Path

from ngsildclient import Entity
from ngsildclient.api.exceptions import NgsiClientTooManyResultsError, NgsiInvalidRequestError

from features_batch import rooms
from features_model import parking
from table import Contradicts, OwnFault, equal, feature, holds
from world import CONTEXT, PARKING_CONTEXT

GROUP = "queries"
POSTED = "queries by POST"
REMOVAL = "delete what matches"


def numbers(entities):
    return [one["number"].value for one in entities]


def town(world):
    """250 rooms, and places on a line to the east, the same for every feature here."""
    if world.client.count("RoomQuery") == 0:
        world.client.create(rooms("Query", 250, town="Walk"))
        places = [Entity("PlaceQuery", f"P{east}").loc(0.0, east / 100).prop("east", east) for east in range(10)]
        world.client.create(places)


@feature(GROUP, "count by type, by q, by both")
def count(world):
    town(world)
    equal(world.client.count("RoomQuery"), 250, "by type")
    equal(world.client.count("RoomQuery", "number<10"), 10, "by type and q")
    equal(world.client.count(q='town=="Walk";number>=245'), 5, "by q")


@feature(GROUP, "all pages, each entity once, in one order")
def pages(world):
    town(world)
    found = world.client.query("RoomQuery")
    equal(numbers(found), list(range(250)), "numbers")
    equal([one.status for one in world.wire.answers[-4:]], [200] * 4, "a count and three pages")
    equal(numbers(world.client.query("RoomQuery", limit=7)), list(range(250)), "numbers in pages of 7")


@feature(GROUP, "the first ones")
def head(world):
    town(world)
    equal(numbers(world.client.query_head("RoomQuery")), list(range(5)), "five")
    equal(numbers(world.client.query_head("RoomQuery", n=12)), list(range(12)), "twelve")


@feature(GROUP, "as a generator, in batches, with a callback")
def generators(world):
    town(world)
    equal(numbers(world.client.query_generator("RoomQuery")), list(range(250)), "generated")
    sizes = [len(batch) for batch in world.client.query_generator("RoomQuery", batch=True)]
    equal(sizes, [100, 100, 50], "sizes of the batches")
    seen = []
    world.client.query_handle("RoomQuery", q="number<150", callback=seen.append)
    equal(numbers(seen), list(range(150)), "handled")


@feature(GROUP, "too many results, said by the client")
def too_many(world):
    town(world)
    try:
        world.client.query("RoomQuery", max=100)
    except NgsiClientTooManyResultsError as error:
        holds("250" in str(error), "the count is in the message")
    else:
        raise AssertionError("it is not said")


@feature(GROUP, "q: operators, and, or, ranges, lists, patterns, members, metadata, existence")
def languages(world):
    made = [
        Entity("Farm", "A", ctx=list(CONTEXT)).prop("name", "Wheat farm").prop("size", 10, unitcode="HAR"),
        Entity("Farm", "B", ctx=list(CONTEXT)).prop("name", "Oat farm").prop("size", 20, unitcode="ACR"),
        Entity("Farm", "C", ctx=list(CONTEXT)).prop("name", "Barn").prop("contact", {"email": "c@farm.example"}),
    ]
    made[0].prop("size", 10, unitcode="HAR", observedat="2024-05-01T00:00:00Z")
    made[1].rel("owner", "Person:P1")
    world.client.upsert(made)
    for q, expected in [
        ("size==10", "A"),
        ("size!=10", "B"),
        ("size>=10;size<20", "A"),
        ("size<15|size>15", "AB"),
        ("(size==10|size==20);name~=^Oat", "B"),
        ('name=="Barn"', "C"),
        ('name=="Barn","Oat farm"', "BC"),
        ("size==5..15", "A"),
        ("name~=.*farm", "AB"),
        ("name!~=.*farm", "C"),
        ('contact[email]=="c@farm.example"', "C"),
        ("owner", "B"),
        ('owner=="urn:ngsi-ld:Person:P1"', "B"),
        ("size.observedAt>2024-01-01T00:00:00Z", "A"),
        ("size==99", ""),
    ]:
        found = "".join(sorted(one.id[-1] for one in world.client.query("Farm", q)))
        equal(found, expected, q)


@feature(GROUP, "in a context of one's own")
def context(world):
    world.client.upsert(parking("Queried1"))
    q = 'name=="Downtown One";availableSpotNumber>100'
    found = world.client.query("OffStreetParking", q, ctx=PARKING_CONTEXT)
    holds("urn:ngsi-ld:OffStreetParking:Queried1" in [one.id for one in found], "found by its terms")
    equal({one.type for one in found}, {"OffStreetParking"}, "types")
    equal(world.client.query("OffStreetParking"), [], "without the context the name means something else")


@feature(
    GROUP,
    "geo-queries",
    Contradicts(
        "6.4.3.2",
        "a geo-query by GET is the parameters georel, geometry and coordinates; `geoQ` is none (6.3.20)",
        400,
        NgsiInvalidRequestError,
    ),
)
def geo(world):
    world.client.query("PlaceQuery", gq="near;maxDistance==1000&geometry=Point&coordinates=[0,0]")


def query(**members):
    return {"type": "Query", **members}


@feature(POSTED, "count, first ones, all pages, generator, callback")
def posted(world):
    town(world)
    alt = world.client.alt
    selected = query(entities=[{"type": "RoomQuery"}], q="number<180")
    equal(alt.count(selected), 180, "count")
    equal(numbers(alt.query_head(selected)), list(range(5)), "the first ones")
    equal(numbers(alt.query(selected)), list(range(180)), "all")
    equal(numbers(alt.query_generator(selected, limit=50)), list(range(180)), "generated")
    equal([len(batch) for batch in alt.query_generator(selected, batch=True)], [100, 80], "batches")
    seen = []
    alt.query_handle(selected, callback=seen.append)
    equal(numbers(seen), list(range(180)), "handled")


@feature(POSTED, "from a file, in a context of one's own")
def posted_file(world):
    world.client.upsert(parking("Queried2"))
    path = Path(os.path.join(world.folder, "query.json"))
    entities = [{"type": "OffStreetParking", "id": "urn:ngsi-ld:OffStreetParking:Queried2"}]
    path.write_text(json.dumps(query(entities=entities)))
    equal(world.client.alt.count(path, ctx=PARKING_CONTEXT), 1, "count")
    equal([one["name"].value for one in world.client.alt.query(path, ctx=PARKING_CONTEXT)], ["Downtown One"], "name")


@feature(POSTED, "geo-queries, selected attributes, several selectors")
def posted_more(world):
    town(world)
    alt = world.client.alt
    near = {"georel": "near;maxDistance==3400", "geometry": "Point", "coordinates": [0.0, 0.0]}
    found = alt.query(query(entities=[{"type": "PlaceQuery"}], geoQ=near))
    equal(sorted(one["east"].value for one in found), [0, 1, 2, 3], "within 3.4 km")
    box = {
        "georel": "within",
        "geometry": "Polygon",
        "coordinates": [[[0.035, -1], [0.075, -1], [0.075, 1], [0.035, 1], [0.035, -1]]],
    }
    found = alt.query(query(entities=[{"type": "PlaceQuery"}], geoQ=box))
    equal(sorted(one["east"].value for one in found), [4, 5, 6, 7], "within a box")
    found = alt.query(query(entities=[{"type": "PlaceQuery"}], attrs=["east"], q="east==3"))
    equal([sorted(one.root.keys()) for one in found], [["@context", "east", "id", "type"]], "selected attributes")
    several = [
        {"type": "PlaceQuery", "idPattern": ".*P[12]$"},
        {"type": "RoomQuery", "id": "urn:ngsi-ld:RoomQuery:0007"},
    ]
    found = alt.query(query(entities=several))
    equal(sorted(one.id[-2:] for one in found), ["07", "P1", "P2"], "several selectors")


@feature(REMOVAL, "by type and q, by type, everything")
def removal(world):
    with world.another(tenant="walk_removal") as client:
        client.create(rooms("Removal", 90))
        client.create([Entity("Lamp", f"L{number}") for number in range(3)])
        client.delete_where("RoomRemoval", "number<30")
        equal(client.count("RoomRemoval"), 60, "after delete_where")
        client.drop("RoomRemoval")
        equal(client.count("RoomRemoval"), 0, "after drop")
        equal(client.count("Lamp"), 3, "of another type")
        client.create(Entity("Room", "X1"))
        client.purge()
        equal(client.types.list(), [], "types after purge")


@feature(
    REMOVAL,
    "more than a page of them",
    OwnFault(
        "it asks for the pages of what it deletes meanwhile, and divides by the length of an empty page",
        ZeroDivisionError,
    ),
)
def removal_of_pages(world):
    with world.another(tenant="walk_removal_pages") as client:
        client.create(rooms("Removal", 150))
        try:
            client.drop("RoomRemoval")
        finally:
            equal({one.status for one in world.wire.answers} - {200, 201, 204}, set(), "statuses but success")
            equal(client.count("RoomRemoval"), 50, "what it did not ask to delete is there")


@feature(
    REMOVAL,
    "everything, contexts too (flush_all)",
    OwnFault("it gives its own purge an argument that purge does not take", TypeError),
)
def flush_all(world):
    with world.another(tenant="walk_flush") as client:
        client.flush_all()
