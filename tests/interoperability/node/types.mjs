// listTypes, getType.

import { CONTEXT } from "./entities.mjs";
import { contradiction, equal, feature, holds, raised } from "./table.mjs";

const GROUP = "types";

feature(GROUP, "listTypes, in a context", async ({ ld }) => {
  const { results } = await ld.listTypes({ "@context": CONTEXT });
  equal(results.type, "EntityTypeList", "type");
  for (const type of ["Road", "Stop", "OffStreetParking"]) holds(results.typeList.includes(type), type);
});

feature(GROUP, "listTypes with details", async ({ ld }) => {
  const { results } = await ld.listTypes({ details: true });
  const stop = results.find(({ typeName }) => typeName === "Stop");
  equal(stop.type, "EntityType", "type");
  equal([...stop.attributeNames].sort(), ["location", "number"], "attributes");
});

feature(GROUP, "getType; what is not there", async ({ ld }) => {
  const { type } = await ld.getType("Stop");
  equal([type.type, type.typeName, type.entityCount], ["EntityTypeInfo", "Stop", 25], "the type");
  const named = Object.fromEntries(type.attributeDetails.map((one) => [one.attributeName, one.attributeTypes]));
  equal(named, { number: ["Property"], location: ["GeoProperty"] }, "attributes");
  const iri = "https://parking.example/terms/OffStreetParking";
  holds((await ld.getType({ type: iri })).type.entityCount >= 1, "by its full name");
  await raised("NotFound", () => ld.getType("Nothing"));
});

contradiction(
  GROUP,
  "listTypes in pages",
  {
    clause: "6.25.3.1",
    meaning: "Retrieve Available Entity Types has no limit, offset or count, which the client offers (4.12, 6.3.20)",
    status: 400,
  },
  ({ ld }) => ld.listTypes({ limit: 1, offset: 0, count: true }),
);
