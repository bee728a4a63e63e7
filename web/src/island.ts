// Mounts the map in place of the picture that the server drew.

import { mount } from "svelte";
import type { MapConfig } from "./config";
import MapIsland from "./MapIsland.svelte";

export function mountMap(place: HTMLElement, config: MapConfig): void {
  const target = document.createElement("div");
  place.prepend(target);
  mount(MapIsland, { target, props: { config, place } });
}
