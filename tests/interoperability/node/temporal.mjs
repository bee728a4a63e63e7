// createTemporalEntity, queryTemporalEntities, addTemporalEntityAttributes, and what changes and deletes them.

import { CONTEXT, CORE } from "./entities.mjs";
import { equal, feature, raised } from "./table.mjs";

const GROUP = "temporal";
const at = (minute) => `2023-05-01T12:${String(minute).padStart(2, "0")}:00Z`;
const speed = (value, minute) => ({ type: "Property", value, observedAt: at(minute) });

function vehicle(name, ...minutes) {
  const speeds = minutes.map((minute) => speed(minute * 10, minute));
  return { id: `urn:ngsi-ld:Vehicle:${name}`, type: "Vehicle", speed: speeds };
}

async function values(ld, name, options = {}) {
  const id = `urn:ngsi-ld:Vehicle:${name}`;
  const { results } = await ld.queryTemporalEntities({ type: "Vehicle", id, temporalValues: true, ...options });
  return results.flatMap((one) => one.speed.values.map(([value]) => value)).sort((a, b) => a - b);
}

async function instances(ld, name) {
  const id = `urn:ngsi-ld:Vehicle:${name}`;
  const { results } = await ld.queryTemporalEntities({ type: "Vehicle", id });
  return results.flatMap((one) => [one.speed].flat());
}

feature(GROUP, "createTemporalEntity: created, then updated; with an @context", async ({ ld }) => {
  const made = await ld.createTemporalEntity(vehicle("A", 1, 2, 3));
  equal([made.created, made.location], [true, "/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:Vehicle:A"], "the first time");
  equal((await ld.createTemporalEntity(vehicle("A", 4))).created, false, "the second time");
  equal(await values(ld, "A"), [10, 20, 30, 40], "values");
  const entity = {
    "@context": [CONTEXT, CORE],
    id: "urn:ngsi-ld:OffStreetParking:Evolved",
    type: "OffStreetParking",
    availableSpotNumber: [speed(5, 1)],
  };
  await ld.createTemporalEntity(entity);
  const found = await ld.queryTemporalEntities({ type: "OffStreetParking", temporalValues: true, "@context": CONTEXT });
  equal(found.results.map((one) => one.availableSpotNumber?.values), [[[5, at(1)]]], "in the context");
});

feature(GROUP, "createTemporalEntity: what is bad is refused", async ({ ld }) => {
  await raised("BadRequest", () => ld.createTemporalEntity({ ...vehicle("B", 1), id: "not a URI" }));
});

feature(GROUP, "queryTemporalEntities: before, after, between, lastN, q, attrs, pages, count", async ({ ld }) => {
  equal(await values(ld, "A", { timerel: "before", timeAt: at(3) }), [10, 20], "before");
  equal(await values(ld, "A", { timerel: "after", timeAt: new Date(at(3)) }), [30, 40], "after");
  equal(await values(ld, "A", { timerel: "between", timeAt: at(2), endTimeAt: at(4) }), [20, 30], "between");
  equal(await values(ld, "A", { lastN: 1 }), [40], "lastN");
  equal(await values(ld, "A", { timeproperty: "createdAt", timerel: "before" }), [10, 20, 30, 40], "by createdAt");
  equal(await values(ld, "A", { q: "speed>1000" }), [], "q");
  equal(await values(ld, "A", { attrs: ["speed"] }), [10, 20, 30, 40], "attrs");
  await ld.createTemporalEntity(vehicle("C", 1));
  const page = await ld.queryTemporalEntities({ type: "Vehicle", limit: 1, offset: 1, count: true });
  equal([page.results.length, page.count, page.limit, page.offset], [1, 2, 1, 1], "a page");
});

feature(GROUP, "addTemporalEntityAttributes; what is not there", async ({ ld }) => {
  await ld.addTemporalEntityAttributes({ id: "urn:ngsi-ld:Vehicle:C", speed: [speed(99, 9)] });
  equal(await values(ld, "C"), [10, 99], "values");
  const missing = { id: "urn:ngsi-ld:Vehicle:none", speed: [speed(1, 1)] };
  await raised("NotFound", () => ld.addTemporalEntityAttributes(missing));
});

feature(GROUP, "updateTemporalEntityAttributeInstance", async ({ ld }) => {
  await ld.createTemporalEntity(vehicle("D", 1, 2));
  const [first] = await instances(ld, "D");
  const place = { id: "urn:ngsi-ld:Vehicle:D", attribute: "speed", instance: first.instanceId };
  const expected = [first.value === 10 ? 20 : 10, 77].sort((a, b) => a - b);
  await ld.updateTemporalEntityAttributeInstance({ speed: [{ ...speed(77, 7) }] }, place);
  equal(await values(ld, "D"), expected, "values");
});

feature(GROUP, "deleteTemporalEntityAttributeInstance; what is not there", async ({ ld }) => {
  const [first, second] = await instances(ld, "D");
  const place = { id: "urn:ngsi-ld:Vehicle:D", attribute: "speed", instance: first.instanceId };
  await ld.deleteTemporalEntityAttributeInstance(place);
  equal(await values(ld, "D"), [second.value], "values");
  await raised("NotFound", () => ld.deleteTemporalEntityAttributeInstance(place));
});

feature(GROUP, "deleteTemporalEntityAttribute: default, a data set, all; what is not there", async ({ ld }) => {
  const datasetId = "urn:ngsi-ld:Dataset:gps";
  const entity = vehicle("E", 1);
  entity.speed.push({ ...speed(55, 2), datasetId });
  entity.height = [speed(3, 1)];
  await ld.createTemporalEntity(entity);
  const { id } = entity;
  await ld.deleteTemporalEntityAttribute({ id, attribute: "speed", datasetId });
  equal(await values(ld, "E"), [10], "values");
  await ld.deleteTemporalEntityAttribute({ id, attribute: "speed", deleteAll: true });
  const { results } = await ld.queryTemporalEntities({ type: "Vehicle", id });
  equal(results.map((one) => Object.keys(one).sort()), [["height", "id", "type"]], "members");
  await raised("NotFound", () => ld.deleteTemporalEntityAttribute({ id, attribute: "speed" }));
});

feature(GROUP, "deleteTemporalEntity; what is not there", async ({ ld }) => {
  equal(await ld.deleteTemporalEntity("urn:ngsi-ld:Vehicle:A"), {}, "answer");
  equal(await values(ld, "A"), [], "values");
  await raised("NotFound", () => ld.deleteTemporalEntity({ id: "urn:ngsi-ld:Vehicle:A" }));
});

feature(GROUP, "a bad instant is refused", async ({ ld }) => {
  await raised("BadRequest", () => ld.queryTemporalEntities({ type: "Vehicle", timeAt: "yesterday" }));
});
