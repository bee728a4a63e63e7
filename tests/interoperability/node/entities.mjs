// createEntity, getEntity, queryEntities, deleteEntity.

import { contradiction, equal, feature, holds, raised } from "./table.mjs";

export const CONTEXT = "https://parking.example/context.jsonld";
export const CORE = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld";

const GROUP = "entities";

export function road(name, members = {}) {
  return {
    id: `urn:ngsi-ld:Road:${name}`,
    type: "Road",
    name: { type: "Property", value: name },
    alternateName: { type: "Property", value: `Autovía ${name}` },
    ...members,
  };
}

export function parking(name, spots) {
  return {
    "@context": [CONTEXT, CORE],
    id: `urn:ngsi-ld:OffStreetParking:${name}`,
    type: "OffStreetParking",
    availableSpotNumber: { type: "Property", value: spots },
  };
}

const point = (longitude) => ({
  type: "GeoProperty",
  value: { type: "Point", coordinates: [longitude, 0] },
});

feature(GROUP, "createEntity, without and with an @context", async ({ ld }) => {
  const entity = road("A1");
  const made = await ld.createEntity(entity);
  equal(made.location, `/ngsi-ld/v1/entities/${entity.id}`, "Location");
  equal(made.entity, entity, "the entity");
  await ld.createEntity(parking("A1", 7));
  const found = await ld.getEntity({ id: "urn:ngsi-ld:OffStreetParking:A1", "@context": CONTEXT });
  equal(found.entity.availableSpotNumber, { type: "Property", value: 7 }, "a term of the context");
});

feature(GROUP, "createEntity: what exists is refused", async ({ ld }) => {
  await raised("AlreadyExists", () => ld.createEntity(road("A1")));
});

feature(GROUP, "createEntity: what is bad is refused, with title and detail", async ({ ld }) => {
  const error = await raised("BadRequest", () => ld.createEntity({ ...road("A2"), id: "not a URI" }));
  holds(error.message && error.details, "both are there");
});

feature(GROUP, "createEntity in a tenant", async ({ ld, wire }) => {
  await ld.createEntity(road("T1"), { tenant: "ngsijs_one" });
  equal(wire.at(-1).header("NGSILD-Tenant"), "ngsijs_one", "the tenant, echoed");
  equal((await ld.getEntity({ id: "urn:ngsi-ld:Road:T1", tenant: "ngsijs_one" })).entity.name.value, "T1", "name");
  await raised("NotFound", () => ld.getEntity("urn:ngsi-ld:Road:T1"));
});

feature(GROUP, "getEntity: by id, simplified, some attributes, in a context", async ({ ld }) => {
  await ld.createEntity(road("B1", { length: { type: "Property", value: 12, unitCode: "KMT" } }));
  const id = "urn:ngsi-ld:Road:B1";
  const whole = await ld.getEntity(id);
  equal(whole.format, "application/json", "format");
  equal(whole.entity.length, { type: "Property", value: 12, unitCode: "KMT" }, "an attribute");
  const simple = await ld.getEntity({ id, keyValues: true });
  equal(simple.entity, { id, type: "Road", name: "B1", alternateName: "Autovía B1", length: 12 }, "simplified");
  const some = await ld.getEntity({ id, attrs: ["name", "length"] });
  equal(Object.keys(some.entity).sort(), ["id", "length", "name", "type"], "some attributes");
});

feature(GROUP, "getEntity: what is not there", async ({ ld }) => {
  const error = await raised("NotFound", () => ld.getEntity("urn:ngsi-ld:Road:none"));
  holds(error.message && error.details, "a title and a detail");
});

feature(GROUP, "queryEntities: by type, pages, count", async ({ ld }) => {
  for (let number = 0; number < 25; number += 1) {
    const id = `urn:ngsi-ld:Stop:${number}`;
    const value = { type: "Property", value: number };
    await ld.createEntity({ id, type: "Stop", number: value, location: point(number / 100) });
  }
  const first = await ld.queryEntities({ type: "Stop", count: true });
  equal([first.limit, first.offset, first.count, first.results.length], [20, 0, 25, 20], "the first page");
  const second = await ld.queryEntities({ type: "Stop", limit: 20, offset: 20 });
  equal(second.results.map(({ number }) => number.value), [20, 21, 22, 23, 24], "the second page");
  const none = await ld.queryEntities({ type: "Stop", limit: 0, count: true });
  equal([none.count, none.results], [25, []], "the count alone");
});

feature(GROUP, "queryEntities: ids, idPattern, q, attrs, simplified, system attributes", async ({ ld }) => {
  const ids = async (options) =>
    (await ld.queryEntities(options)).results.map(({ id }) => Number(id.split(":").at(-1))).sort((a, b) => a - b);
  equal(await ids({ type: "Stop", id: ["urn:ngsi-ld:Stop:3", "urn:ngsi-ld:Stop:5"] }), [3, 5], "ids");
  equal(await ids({ type: "Stop", idPattern: ".*Stop:2$" }), [2], "idPattern");
  equal(await ids({ type: "Stop", q: "number>=20;number!=22" }), [20, 21, 23, 24], "q");
  equal(await ids({ type: ["Stop", "Road"], q: "number==1" }), [1], "types");
  const simple = await ld.queryEntities({ type: "Stop", attrs: ["number"], keyValues: true, limit: 1 });
  equal(simple.results, [{ id: "urn:ngsi-ld:Stop:0", type: "Stop", number: 0 }], "simplified, one attribute");
  const system = await ld.queryEntities({ type: "Stop", sysAttrs: true, limit: 1 });
  holds(system.results[0].createdAt && system.results[0].number.modifiedAt, "system attributes");
});

feature(GROUP, "queryEntities: geo-query", async ({ ld }) => {
  const near = await ld.queryEntities({
    type: "Stop",
    georel: "near;maxDistance==2300",
    geometry: "Point",
    coordinates: "[0,0]",
    geoproperty: "location",
  });
  equal(near.results.map(({ number }) => number.value), [0, 1, 2], "within 2.3 km");
});

feature(GROUP, "queryEntities: in a context of one's own", async ({ ld }) => {
  const found = await ld.queryEntities({ type: "OffStreetParking", q: "availableSpotNumber==7", "@context": CONTEXT });
  equal(found.results.map(({ id }) => id), ["urn:ngsi-ld:OffStreetParking:A1"], "ids");
});

feature(GROUP, "queryEntities: a bad query is refused", async ({ ld }) => {
  await raised("BadRequest", () => ld.queryEntities({ type: "Stop", q: "number==" }));
});

contradiction(
  GROUP,
  "queryEntities without any restriction",
  {
    clause: "5.7.2.4",
    meaning: "a query has a type, an attribute, a q or a geo-query; the client sends an idPattern alone (too wide)",
    status: 400,
  },
  ({ ld }) => ld.queryEntities(),
);

feature(GROUP, "deleteEntity; what is not there", async ({ ld }) => {
  await ld.createEntity(road("D1"));
  equal(await ld.deleteEntity("urn:ngsi-ld:Road:D1"), {}, "answer");
  await raised("NotFound", () => ld.deleteEntity({ id: "urn:ngsi-ld:Road:D1" }));
});
