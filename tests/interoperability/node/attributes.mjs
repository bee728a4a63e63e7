// appendEntityAttributes, updateEntityAttributes, updateEntityAttribute, deleteEntityAttribute.

import { CONTEXT, parking, road } from "./entities.mjs";
import { contradiction, equal, feature, raised } from "./table.mjs";

const GROUP = "attributes";
const property = (value) => ({ type: "Property", value });

contradiction(
  GROUP,
  "appendEntityAttributes",
  {
    clause: "6.3.4",
    meaning: "application/merge-patch+json is for PATCH only; the client sends it with POST (415)",
    status: 415,
  },
  async ({ ld }) => {
    await ld.createEntity(road("E1"));
    await ld.appendEntityAttributes({ id: "urn:ngsi-ld:Road:E1", lanes: property(4) });
  },
);

feature(GROUP, "updateEntityAttributes: all there; one not there is appended; no entity there", async ({ ld }) => {
  await ld.createEntity(road("E2"));
  const id = "urn:ngsi-ld:Road:E2";
  const all = await ld.updateEntityAttributes({ id, name: property("new") });
  equal(all, { updated: ["name"], notUpdated: [] }, "all there");
  const more = await ld.updateEntityAttributes({ name: property("newer"), lanes: property(4) }, { id });
  equal(more, { updated: ["name", "lanes"], notUpdated: [] }, "one not there");
  const { entity } = await ld.getEntity(id);
  equal([entity.name.value, entity.lanes.value], ["newer", 4], "values");
  await raised("NotFound", () => ld.updateEntityAttributes({ name: property(1) }, { id: "urn:ngsi-ld:Road:none" }));
});

feature(GROUP, "updateEntityAttribute, also in a context", async ({ ld }) => {
  await ld.createEntity(road("E3"));
  const id = "urn:ngsi-ld:Road:E3";
  await ld.updateEntityAttribute({ value: "changed" }, { id, attribute: "name" });
  equal((await ld.getEntity(id)).entity.name, property("changed"), "the attribute");
  await raised("NotFound", () => ld.updateEntityAttribute({ value: 1 }, { id, attribute: "lanes" }));
  const entity = parking("E3", 10);
  await ld.createEntity(entity);
  const place = { id: entity.id, "@context": CONTEXT };
  await ld.updateEntityAttribute({ value: 9 }, { ...place, attribute: "availableSpotNumber" });
  equal((await ld.getEntity(place)).entity.availableSpotNumber.value, 9, "in a context");
});

feature(GROUP, "deleteEntityAttribute: the default one, one data set, all", async ({ ld }) => {
  const readings = [
    property(1),
    { ...property(2), datasetId: "urn:ngsi-ld:Dataset:a" },
    { ...property(3), datasetId: "urn:ngsi-ld:Dataset:b" },
  ];
  await ld.createEntity(road("E4", { reading: readings, other: readings, third: property(1) }));
  const id = "urn:ngsi-ld:Road:E4";
  await ld.deleteEntityAttribute({ id, attribute: "third" });
  await ld.deleteEntityAttribute({ id, attribute: "reading", datasetId: "urn:ngsi-ld:Dataset:a" });
  await ld.deleteEntityAttribute({ id, attribute: "other", deleteAll: true });
  const { entity } = await ld.getEntity(id);
  equal(Object.keys(entity).sort(), ["alternateName", "id", "name", "reading", "type"], "members");
  equal(entity.reading.map(({ value }) => value).sort(), [1, 3], "instances");
  await raised("NotFound", () => ld.deleteEntityAttribute({ id, attribute: "third" }));
});
