// The shapes of points, drawn once for each layer and style. The path data are those of the server's legend.

import type { Shape } from "./config";

/** Paths in a square of 16 by 16. */
export const PATHS: Record<Shape, string> = {
  circle: "M8 2a6 6 0 1 0 0 12 6 6 0 1 0 0-12z",
  square: "M2.7 2.7h10.6v10.6H2.7z",
  triangle: "M8 1.6 14.7 13.6H1.3z",
  diamond: "M8 .9 15.1 8 8 15.1 .9 8z",
  cross: "M5.6 1.5h4.8v4.1h4.1v4.8h-4.1v4.1H5.6v-4.1H1.5V5.6h4.1z",
  hexagon: "M8 1.2 14 4.6v6.8L8 14.8 2 11.4V4.6z",
  drop: "M8 .8C11 5 13 7.2 13 10a5 5 0 0 1-10 0C3 7.2 5 5 8 .8z",
};

/** The pixels of a symbol, at twice its size. */
export function symbol(shape: Shape, fill: string, edge: string): ImageData {
  const scale = 2;
  const size = 20 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext("2d");
  if (!pen) return new ImageData(size, size);
  pen.scale(scale, scale);
  pen.translate(2, 2);
  const path = new Path2D(PATHS[shape]);
  pen.lineJoin = "round";
  pen.lineWidth = 2.4;
  pen.strokeStyle = edge;
  pen.stroke(path);
  pen.fillStyle = fill;
  pen.fill(path);
  return pen.getImageData(0, 0, size, size);
}
