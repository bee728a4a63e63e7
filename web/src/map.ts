// The small part of the map island: decides whether the map itself, which is large, is loaded.

import type { MapConfig } from "./config";

const place = document.getElementById("map-island");

async function start(place: HTMLElement, config: MapConfig): Promise<void> {
  const { mountMap } = await import("./island");
  mountMap(place, config);
}

function canDraw(): boolean {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
}

function say(place: HTMLElement, text: string | undefined): void {
  const message = document.createElement("p");
  message.className = "notice";
  message.textContent = text ?? "";
  place.insertBefore(message, place.querySelector(".map-still"));
}

if (place?.dataset["map"]) {
  const config = JSON.parse(place.dataset["map"]) as MapConfig;
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection;
  const load = () =>
    start(place, config).catch((error: unknown) => {
      console.error(error);
      place.dataset["state"] = "failed";
      say(place, config.text["failed"]);
    });
  if (!canDraw()) {
    place.dataset["state"] = "no-webgl";
    say(place, config.text["no-webgl"]);
  } else if (connection?.saveData === true) {
    place.dataset["state"] = "waiting";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = config.text["load"] ?? "";
    button.addEventListener("click", () => {
      button.remove();
      void load();
    });
    place.insertBefore(button, place.querySelector(".map-still"));
  } else {
    void load();
  }
}
