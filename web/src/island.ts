// Mounts the map in place of the picture that the server drew.

import { mount } from "svelte";
import type { MapConfig } from "./config";
import MapIsland from "./MapIsland.svelte";

export function mountMap(place: HTMLElement, config: MapConfig): void {
  const target = document.createElement("div");
  // In place of the picture, below the heading.
  place.insertBefore(target, place.querySelector(".map-still"));
  mount(MapIsland, { target, props: { config, place } });
}
