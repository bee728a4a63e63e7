"""What the client builds must come back from the server as it was sent."""

import os
from datetime import datetime, timedelta, timezone

from geojson import LineString, Point, Polygon
from ngsildclient import (
    Entity,
    MultAttrValue,
    OpeningHoursBuilder,
    PostalAddressBuilder,
    Rel,
    mkgprop,
    mkprop,
    mkrel,
    mktprop,
)

from table import OwnFault, equal, feature, holds
from world import CONTEXT, PARKING_CONTEXT, without_context

GROUP = "building entities"


def returned(world, entity, ctx=PARKING_CONTEXT):
    """Sends an entity and asks for it again; what comes back is the same."""
    world.client.upsert(entity)
    again = world.client.get(entity.id, ctx=ctx)
    equal(without_context(again), without_context(entity), "the entity")
    return again


def parking(name, kind="OffStreetParking"):
    entity = Entity(kind, name, ctx=list(CONTEXT))
    entity.prop("name", "Downtown One")
    entity.prop("availableSpotNumber", 121, observedat=datetime(2022, 10, 25, 8)).anchor()
    entity.prop("reliability", 0.7).rel("providedBy", "Camera:C1").unanchor()
    entity.prop("totalSpotNumber", 200).loc(41.2, -8.5)
    return entity


@feature(GROUP, "the parking of the client's README, nested by an anchor")
def readme_parking(world):
    again = returned(world, parking("Built1"))
    equal(again["availableSpotNumber.reliability"].value, 0.7, "reliability")
    equal(again["availableSpotNumber"].observedat, datetime(2022, 10, 25, 8, tzinfo=timezone.utc), "observedAt")
    equal(again.relationships, [], "relationships at the root")


@feature(GROUP, "properties of every JSON kind, unitCode, user data, escaped text")
def properties(world):
    entity = Entity("Room", "Built2")
    entity.prop("text", 'été, 東京 "quoted" \\ and a\nline')
    entity.prop("whole", -12).prop("real", 3.5).prop("yes", True).prop("no", False)
    entity.prop("list", [1, "two", {"three": [3]}, [4]]).prop("object", {"a": {"b": [1, 2]}, "c": "d"})
    entity.prop("weight", 7, unitcode="KGM", userdata={"accuracy": {"type": "Property", "value": 0.5}})
    entity.prop("escaped", "a<b>(c)", escape=True)
    again = returned(world, entity)
    equal(again["weight"].unitcode, "KGM", "unitCode")


@feature(GROUP, "geo-properties: point, line, polygon, observedAt")
def geo_properties(world):
    entity = Entity("Place", "Built3").loc(41.2, -8.5)
    entity.gprop("entrance", Point((-8.51, 41.21)), observedat="2024-01-01T00:00:00Z")
    entity.gprop("path", LineString([(-8.5, 41.2), (-8.6, 41.3), (-8.7, 41.25)]))
    entity.gprop("area", Polygon([[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]]))
    again = returned(world, entity)
    equal(again["location.value.coordinates"], [-8.5, 41.2], "longitude and latitude")


@feature(
    GROUP,
    "the geometry of an entity that was retrieved",
    OwnFault("it reads the text of a Python dictionary as JSON", ValueError),
)
def geometry_returned(world):
    world.client.upsert(Entity("Place", "Built3b").loc(41.2, -8.5))
    world.client.get("Place:Built3b")["location"].value


@feature(GROUP, "temporal properties: instant, date, time")
def temporal_properties(world):
    entity = Entity("Event", "Built4").obs("2022-01-12T12:54:38Z")
    entity.tprop("begins", datetime(2024, 2, 29, 10, 30)).tprop("on", "2024-02-29").tprop("at", "10:30:00Z")
    again = returned(world, entity)
    equal(again["begins.value.@type"], "DateTime", "type of value")
    equal(again["on.value.@type"], "Date", "type of value")


@feature(GROUP, "relationships: by id, by entity, with observedAt and datasetId, predefined names")
def relationships(world):
    camera = Entity("Camera", "C9")
    entity = Entity("Room", "Built5").rel("providedBy", camera)
    entity.rel(Rel.HAS_PART, "Door:D1", observedat="2024-01-01T00:00:00Z", datasetid="Dataset:doors")
    again = returned(world, entity, ctx=None)
    equal(again["providedBy"].value, "urn:ngsi-ld:Camera:C9", "object")
    equal(again["hasPart"].datasetid, "urn:ngsi-ld:Dataset:doors", "datasetId")


@feature(GROUP, "multi-attributes: properties and relationships of several data sets")
def multi_attributes(world):
    speeds = MultAttrValue()
    speeds.add(55, datasetid="Property:speedometerA", unitcode="KMH").add(54.5, datasetid="Property:gpsB")
    spots = MultAttrValue()
    for number in range(3):
        spots.add(f"ParkingSpot:{number}", datasetid=f"Dataset:{number}")
    entity = Entity("Car", "Built6").prop("speed", speeds).rel("refSpot", spots)
    world.client.upsert(entity)
    again = world.client.get(entity)
    for name in ("speed", "refSpot"):
        order = lambda instance: instance["datasetId"]  # noqa: E731
        equal(sorted(without_context(again)[name], key=order), sorted(without_context(entity)[name], key=order), name)
    equal(len(again.relationships), 3, "relationships")


@feature(GROUP, "attributes made apart from an entity")
def attributes_apart(world):
    entity = Entity("Room", "Built7")
    entity |= mkprop("temperature", 21.5, unitcode="CEL")
    entity |= mkgprop("location", (41.2, -8.5))
    entity |= mktprop("seen", "2024-01-01T00:00:00Z")
    entity |= mkrel("isIn", "Building:B1")
    returned(world, entity)


@feature(GROUP, "postal address and opening hours")
def helpers(world):
    address = PostalAddressBuilder().street("C/ La Pereda 14").locality("Santander").country("Spain").build()
    hours = OpeningHoursBuilder().businessdays("10:00", "17:30").saturday("10:00", "14:00").build()
    entity = Entity("Library", "Built8").addr(address).prop("openingHours", hours)
    returned(world, entity)
    found = world.client.query(type="Library", q='address[addressLocality]=="Santander"')
    equal([one.id for one in found], [entity.id], "found by a member of the address")


@feature(GROUP, "dot notation: change values and metadata, remove, send again")
def dot_notation(world):
    entity = parking("Built9")
    world.client.upsert(entity)
    entity["availableSpotNumber.reliability"].value = 0.8
    entity["availableSpotNumber.reliability"].datasetid = "dataset1"
    entity["availableSpotNumber"].value -= 10
    entity["availableSpotNumber"].observedat += timedelta(hours=1)
    entity.rm("totalSpotNumber")
    again = returned(world, entity)
    equal(again["availableSpotNumber.value"], 111, "value")
    equal(again["availableSpotNumber.observedAt"], "2022-10-25T09:00:00Z", "observedAt")
    holds(again.root.get("totalSpotNumber") is None, "a removed attribute is gone")


@feature(GROUP, "load over HTTP: the address of an entity in the server")
def load_over_http(world):
    entity = Entity("Room", "Built10").prop("temperature", 21)
    world.client.upsert(entity)
    again = Entity.load(world.client.entities.to_broker_url(entity))
    equal(without_context(again), without_context(entity), "the entity")


@feature(GROUP, "save and load a file, one entity and many")
def files(world):
    path = os.path.join(world.folder, "saved.jsonld")
    returned(world, parking("Built11")).save(path)
    equal(without_context(Entity.load(path)), without_context(parking("Built11")), "one from a file")
    Entity.save_batch([parking("Built12"), parking("Built13")], path)
    for one in Entity.load_batch(path):
        returned(world, one)


@feature(GROUP, "the parking system of the README: 1 parking and 414 spots, sent at once, counted by a query")
def parking_system(world):
    site = parking("Porto")
    spot = Entity("ParkingSpot", "Porto:000", ctx=list(CONTEXT)).prop("status", "free").rel("refParkingSite", site)
    spots = spot * 414
    for number, one in enumerate(spots, 1):
        one.id = f"{one.id[:-3]}{number:03}"
        if number <= 282:
            one["status"].value = "occupied"
    all_of_them = MultAttrValue()
    for one in spots:
        all_of_them.add(one, datasetid=f"Dataset:{one.id[-9:]}")
    site.rel("refParkingSpot", all_of_them)
    result = world.client.upsert([site, *spots])
    equal((result.n_ok, result.n_err, result.ratio), (415, 0, 1.0), "result of the batch")
    q = f'refParkingSite=="{site.id}";status=="occupied"'
    found = world.client.query("ParkingSpot", q, ctx=PARKING_CONTEXT)
    equal(len({one.id for one in found}), 282, "occupied spots")
    again = world.client.get(site, ctx=PARKING_CONTEXT)
    equal(len(again["refParkingSpot"]), 414, "spots of the parking")
