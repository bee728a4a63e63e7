// The map's style: a background and the city's own features, nothing from outside, no text (text stands in HTML).

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Layer, MapConfig } from "./config";

/** The colours that the page's style sheet gives at a place. */
export interface Colours {
  land: string;
  casing: string;
  outline: string;
  building: string;
  select: string;
  layers: string[];
}

export function coloursAt(place: Element): Colours {
  const computed = getComputedStyle(place);
  const read = (name: string) => computed.getPropertyValue(name).trim() || "#808080";
  return {
    land: read("--map-land"),
    casing: read("--map-casing"),
    outline: read("--map-outline"),
    building: read("--map-building"),
    select: read("--map-select"),
    layers: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => read(`--layer-${n}`)),
  };
}

export const imageName = (layer: Layer) => `symbol-${layer.key}`;

/** The identifiers of the map layers that draw one layer of the legend. */
export const drawnBy = (layer: Layer): string[] => {
  switch (layer.kind) {
    case "area":
      return [`${layer.key}/fill`, `${layer.key}/edge`];
    case "line":
      return [`${layer.key}/casing`, `${layer.key}/line`];
    case "building":
      return [`${layer.key}/building`];
    case "point":
      return [`${layer.key}/point`];
  }
};

const ORDER = { area: 0, line: 1, building: 2, point: 3 } as const;

/** A width that grows with the zoom and with the line's own weight; `more` is added on both sides. */
const wide = (width: number, more = 0): ["interpolate", ...unknown[]] => {
  const at = (factor: number) => ["+", ["*", width * factor, ["coalesce", ["get", "w"], 1]], more];
  return ["interpolate", ["exponential", 1.5], ["zoom"], 10, at(0.5), 14, at(1.4), 18, at(6)];
};

export function styleOf(config: MapConfig, colours: Colours, heavy: boolean): StyleSpecification {
  const layers: LayerSpecification[] = [
    { id: "land", type: "background", paint: { "background-color": colours.land } },
  ];
  // Within a kind, what there is most of lies at the bottom.
  const order = [...config.layers].sort((a, b) => ORDER[a.kind] - ORDER[b.kind] || b.count - a.count);
  for (const layer of order) {
    const colour = colours.layers[(layer.colour - 1) % colours.layers.length] ?? colours.outline;
    const filter = ["==", ["get", "t"], layer.key];
    const common = { source: "city", filter };
    const more: unknown[] = [];
    if (layer.kind === "area") {
      more.push(
        { id: `${layer.key}/fill`, type: "fill", ...common, paint: { "fill-color": colour, "fill-opacity": heavy ? 0 : layer.fill } },
        {
          id: `${layer.key}/edge`,
          type: "line",
          ...common,
          layout: { "line-join": "round" },
          paint: {
            "line-color": colour,
            "line-width": layer.width * (heavy ? 2 : 1),
            ...(layer.dash.length ? { "line-dasharray": layer.dash } : {}),
          },
        },
      );
    } else if (layer.kind === "line") {
      const layout = { "line-join": "round", "line-cap": layer.dash.length ? "butt" : "round" };
      const width = layer.width * (heavy ? 1.6 : 1);
      more.push(
        {
          id: `${layer.key}/casing`,
          type: "line",
          ...common,
          layout,
          paint: { "line-color": colours.casing, "line-width": wide(width, 1.5) },
        },
        {
          id: `${layer.key}/line`,
          type: "line",
          ...common,
          layout,
          paint: {
            "line-color": colour,
            "line-width": wide(width),
            ...(layer.dash.length ? { "line-dasharray": layer.dash } : {}),
          },
        },
      );
    } else if (layer.kind === "building") {
      more.push({
        id: `${layer.key}/building`,
        type: "fill-extrusion",
        ...common,
        paint: {
          "fill-extrusion-color": colours.building,
          "fill-extrusion-height": ["coalesce", ["get", "h"], 4],
          "fill-extrusion-opacity": heavy ? 1 : 0.92,
        },
      });
    } else {
      more.push({
        id: `${layer.key}/point`,
        type: "symbol",
        ...common,
        layout: {
          "icon-image": imageName(layer),
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.35, 13, 0.6, 16, heavy ? 1.4 : 1.1],
        },
      });
    }
    layers.push(...(more as LayerSpecification[]));
  }
  // What is selected is ringed and outlined, on top of everything.
  layers.push(
    {
      id: "selected-line",
      type: "line",
      source: "selected",
      paint: { "line-color": colours.select, "line-width": 5 },
    },
    {
      id: "selected-ring",
      type: "circle",
      source: "selected",
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": 13,
        "circle-opacity": 0,
        "circle-stroke-color": colours.select,
        "circle-stroke-width": 4,
      },
    },
  );
  return {
    version: 8,
    sources: {
      city: { type: "geojson", data: config.features, tolerance: 0.2, buffer: 32 },
      selected: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
    },
    layers,
    light: { anchor: "viewport", intensity: 0.35 },
  };
}
