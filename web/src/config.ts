// What the server tells the island: `data-map` of the place where it mounts.

/** How one layer is drawn; the same symbols as in the legend and in the picture that the server draws. */
export interface Layer {
  /** The `t` of its features. */
  key: string;
  /** Its name for people. */
  label: string;
  /** How many features it has. */
  count: number;
  kind: "area" | "line" | "point" | "building";
  /** Which of the colours `--layer-1` to `--layer-8`. */
  colour: number;
  /** How much of its colour an area is filled with, 0 to 1. */
  fill: number;
  /** Whether it is drawn before anybody asks for it. */
  shown: boolean;
  /** The shape of a point. */
  shape: Shape;
  /** The width of a line in pixels. */
  width: number;
  /** The dashes of a line, in widths; empty: drawn through. */
  dash: number[];
}

export type Shape = "circle" | "square" | "triangle" | "diamond" | "cross" | "hexagon" | "drop";

export interface MapConfig {
  /** The address of the features, on this server. */
  features: string;
  /** West, south, east, north. */
  bounds: [number, number, number, number];
  layers: Layer[];
  /** The texts, in the language of the page. */
  text: Record<string, string>;
}

export type Style = "light" | "dark" | "contrast";
