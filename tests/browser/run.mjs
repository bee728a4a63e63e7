// Drives every page of a running Mapacha with Debian's Chromium.
//
//   node run.mjs BASE_URL PICTURE_FOLDER
//
// For each page: no console error, no request that leaves the origin, no violation found by axe-core (WCAG 2.0 to
// 2.2, A and AA, and best practice), no sideways scrolling, in several widths, colours and languages, with and
// without scripts. Then: the keyboard reaches what matters, the map draws the city, and the pictures of the README.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const [base, pictures] = process.argv.slice(2);
if (!base || !pictures) {
  console.error("usage: node run.mjs BASE_URL PICTURE_FOLDER");
  process.exit(2);
}
const origin = new URL(base).origin;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
/** The first view of a page for citizens may weigh this, style included, gzipped. */
const FIRST_VIEW_BYTES = 30_000;
/** With software drawing a frame takes seconds. */
const MAP_PATIENCE_MS = 120_000;

let passed = 0;
const failures = [];
async function check(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED  ${name}\n        ${String(error.message ?? error).replaceAll("\n", "\n        ")}`);
  }
}
function assert(condition, message) {
  if (!condition) throw new Error(message);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
  ],
});

/** A page that remembers what it should not have done. */
async function open(address, options = {}) {
  const context = await browser.newContext({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    javaScriptEnabled: options.scripts ?? true,
    colorScheme: options.dark ? "dark" : "light",
    forcedColors: options.forced ? "active" : "none",
    contrast: options.contrast ? "more" : "no-preference",
    reducedMotion: "reduce",
    locale: "en",
    // The policy of the pages forbids what axe-core's evaluation in a page needs; what it forbids the pages is
    // checked by the messages of the pages that are opened without axe.
    bypassCSP: options.axe ?? false,
  });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !/GPU stall|GL Driver Message/.test(message.text())) {
      faults.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("requestfailed", (request) => {
    // A map that is left while it loads ends its own requests.
    if (!/ERR_ABORTED/.test(request.failure()?.errorText ?? "")) {
      faults.push(`request failed: ${request.url()} ${request.failure()?.errorText}`);
    }
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(url.protocol) && url.origin !== origin) {
      faults.push(`left the origin: ${url}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !options.missing) faults.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(new URL(address, base).href, { waitUntil: "load" });
  return { page, faults, close: () => context.close() };
}

async function axe(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(
    (tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }),
    TAGS,
  );
  const told = result.violations.map(
    (violation) =>
      `${violation.id}: ${violation.help}\n  ${violation.nodes
        .slice(0, 4)
        .map((node) => `${node.target.join(" ")}: ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`)
        .join("\n  ")}`,
  );
  assert(told.length === 0, told.join("\n"));
}

async function noSidewaysScroll(page) {
  const [wide, there] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert(wide <= there, `the page is ${wide} px wide in a window of ${there} px`);
}

async function idleMap(page) {
  await page.waitForFunction(
    () => ["idle", "failed", "no-webgl"].includes(document.getElementById("map-island")?.dataset["state"]),
    undefined,
    { timeout: MAP_PATIENCE_MS },
  );
  const state = await page.evaluate(() => document.getElementById("map-island").dataset["state"]);
  assert(state === "idle", `the map is ${state}`);
}

// What there is to see: the pages, and an example of each kind of thing, found through the pages themselves.
const finder = await open("/", { scripts: false });
const links = (selector) => finder.page.$$eval(selector, (found) => found.map((a) => a.getAttribute("href")));
const firstKpi = (await links(".cards a"))[0];
let chartedKpi;
for (const address of await links(".cards a")) {
  await finder.page.goto(new URL(address, base).href);
  if ((await finder.page.$(".areas")) && !chartedKpi?.endsWith("2A")) chartedKpi = address;
}
await finder.page.goto(new URL("/entities?type=AirQualityObserved", base).href);
const sensor = (await links("tbody th a"))[0];
await finder.page.goto(new URL("/entities?type=GtfsStop", base).href);
const stop = (await links("tbody th a"))[0];
await finder.page.goto(new URL("/map", base).href);
const hasIsland = (await finder.page.$("#map-island[data-map]")) !== null;

// A planner runs a ready scenario, without scripts: the button, then the page that looks again by itself.
await finder.page.goto(new URL("/scenarios", base).href);
const ready = (await links("main a")).filter((href) => href.startsWith("/scenarios/urn"));
const buses = ready.find((href) => href.includes("kerbs-or-buses")) ?? ready[0];
const everything = ready.find((href) => href.includes("everything")) ?? ready.at(-1);
async function ran(address) {
  const { page, close } = await open(address, { scripts: false });
  await page.click("main form[action$='/runs'] button");
  const run = new URL(page.url()).pathname;
  for (let turn = 0; turn < 240; turn += 1) {
    const answer = await page.request.get(new URL(run, base).href, { headers: { accept: "application/json" } });
    if ((await answer.json()).status === "done") break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await close();
  return run;
}
const compared = ready.length > 0 ? await ran(buses) : undefined;
const chosen = ready.length > 0 ? await ran(everything) : undefined;
await finder.close();

const pages = [
  ["overview", "/"],
  ["indicators", "/kpi"],
  ["indicators filtered", "/kpi?status=not_reported&search=water"],
  ["indicator without a value", "/kpi/EC:%20ICT:%20ICT:%201C"],
  ...(firstKpi ? [["indicator with a value", firstKpi]] : []),
  ...(chartedKpi ? [["indicator with areas", chartedKpi]] : []),
  ["map", "/map"],
  ["map of one type", "/map?type=GtfsStop"],
  ["map of nothing", "/map?value=there%20is%20no%20such%20thing"],
  ["scenarios", "/scenarios"],
  ["new scenario", "/scenarios/new"],
  ["measures", "/scenarios/kinds"],
  ["runs", "/scenarios/runs"],
  ["reach", "/reach"],
  ...(buses ? [["scenario edited", `${buses}/edit`]] : []),
  ["entities", "/entities"],
  ["audit log", "/audit"],
  ["trust", "/trust"],
  ["desk of data protection", "/governance"],
  ["register of processing", "/governance/processing"],
  ["retention", "/governance/retention"],
  ["legal holds", "/governance/holds"],
  ["how the city stands under a law", "/governance/profiles/kenya-dpa"],
  ["entities searched", "/entities?type=GtfsStop&value=1"],
  ...(sensor ? [["sensor", sensor]] : []),
  ...(stop ? [["stop", stop]] : []),
  ...(ready.length > 0 ? [["scenario", buses]] : []),
  ...(compared ? [["comparison", compared]] : []),
  ...(chosen ? [["choice", chosen]] : []),
];

const ways = [
  ["1280 px", {}],
  ["320 px", { width: 320 }],
  ["dark", { dark: true }],
  ["forced colours", { forced: true }],
  ["no scripts, 320 px", { scripts: false, width: 320 }],
];

for (const [name, address] of pages) {
  for (const [way, options] of ways) {
    await check(`${name}, ${way}`, async () => {
      const { page, faults, close } = await open(address, options);
      try {
        const map = await page.$("#map-island[data-map]");
        if (map && options.scripts !== false) await idleMap(page);
        assert((await page.$$("h1")).length === 1, "one h1");
        await noSidewaysScroll(page);
        assert(faults.length === 0, faults.join("\n"));
      } finally {
        await close();
      }
    });
    if (options.scripts === false) continue;
    await check(`${name}, ${way}: axe`, async () => {
      const { page, close } = await open(address, { ...options, axe: true });
      try {
        if (await page.$("#map-island[data-map]")) await idleMap(page);
        await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)));
        await axe(page);
      } finally {
        await close();
      }
    });
  }
}

for (const language of ["fr", "sw", "ar"]) {
  for (const [name, address] of pages.filter(([name]) => ["overview", "map", "indicator with a value", "scenarios", "comparison", "trust"].includes(name))) {
    await check(`${name} in ${language}`, async () => {
      const mark = address.includes("?") ? "&" : "?";
      const { page, faults, close } = await open(`${address}${mark}lang=${language}`, { width: 320, axe: true });
      try {
        assert((await page.getAttribute("html", "lang")) === language, "lang");
        assert((await page.getAttribute("html", "dir")) === (language === "ar" ? "rtl" : "ltr"), "dir");
        if (await page.$("#map-island[data-map]")) await idleMap(page);
        await noSidewaysScroll(page);
        await axe(page);
        assert(faults.length === 0, faults.join("\n"));
      } finally {
        await close();
      }
    });
  }
}

await check("the language switch keeps the page and is remembered", async () => {
  const { page, close } = await open("/entities?type=GtfsStop&value=1");
  await page.click("footer a[hreflang=fr]");
  const url = new URL(page.url());
  assert(url.pathname === "/entities" && url.searchParams.get("type") === "GtfsStop", page.url());
  assert((await page.inputValue("#value")) === "1", "the search is still there");
  await page.goto(new URL("/kpi", base).href);
  assert((await page.getAttribute("html", "lang")) === "fr", "remembered");
  await close();
});

await check("a faulty scenario file: the faults come first, and what was typed stays", async () => {
  const { page, faults, close } = await open("/scenarios/new", { axe: true, missing: true, width: 320 });
  const text = 'schema = 1\ntitle = "Mine"\n\n[[measure]]\nname = "a"\nkind = "no-such-kind"\n';
  await page.fill("#file", text);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".error-summary");
  assert((await page.inputValue("#file")) === text, "the text is still there");
  assert((await page.getAttribute("#file", "aria-invalid")) === "true", "the field is marked");
  assert(/no-such-kind/.test(await page.textContent(".error-summary")), "the fault is told");
  await page.click(".error-summary a");
  assert((await page.evaluate(() => location.hash)) === "#file", "and leads to the field");
  await noSidewaysScroll(page);
  await axe(page);
  assert(faults.filter((fault) => !fault.includes("422")).length === 0, faults.join("\n"));
  await close();
});

if (compared) {
  await check("comparison: another indicator and scenario, by keyboard, in the address", async () => {
    const { page, close } = await open(compared);
    const stops = await tabStops(page, 40);
    for (const id of ["indicator", "scenario"]) assert(stops.some((stop) => stop.id === id), `${id} is reached`);
    assert(stops.every((stop) => stop.seen), `every stop is in sight: ${JSON.stringify(stops.find((s) => !s.seen))}`);
    const other = await page.$eval("#scenario option:not([selected])", (option) => option.value);
    await page.selectOption("#scenario", other);
    await page.focus("#scenario");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/scenario=/);
    assert(new URL(page.url()).searchParams.get("scenario") === other, page.url());
    assert((await page.$$("#who ~ .scroll table")).length >= 1, "who gains and who loses, as tables");
    await close();
  });
  await check("comparison: why was this dropped", async () => {
    const { page, close } = await open(compared, { scripts: false });
    if (await page.$("#why")) {
      await page.check(".ticks input >> nth=0");
      await page.check(".ticks input >> nth=-1");
      await page.click("form[action$='#why'] button");
      assert((await page.$$(".notice .facts")).length === 1, "it is told");
    }
    await close();
  });
}

await check("a page that is not there is 404, as is an asset", async () => {
  const { page, close } = await open("/entities/urn:none", { missing: true });
  const answer = await page.goto(new URL("/entities/urn:ngsi-ld:None:none", base).href);
  assert(answer.status() === 404, `status ${answer.status()}`);
  assert((await page.textContent("h1")).length > 0, "it says so");
  const asset = await page.request.get(new URL("/assets/none.js", base).href);
  assert(asset.status() === 404 && !/html/.test(asset.headers()["content-type"]), "no page in place of a script");
  await close();
});

await check("the first view of the overview fits a thin network", async () => {
  const html = await (await fetch(new URL("/", base))).text();
  const assets = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  let bytes = gzipSync(html, { level: 6 }).length;
  for (const asset of assets) bytes += gzipSync(await (await fetch(new URL(asset, base))).text(), { level: 9 }).length;
  console.log(`        ${bytes} bytes with ${assets.length} assets`);
  assert(bytes <= FIRST_VIEW_BYTES, `${bytes} bytes, the budget is ${FIRST_VIEW_BYTES}`);
});

/** What the Tab key reaches, in order, from the start of a page. */
async function tabStops(page, most) {
  const stops = [];
  for (let count = 0; count < most; count += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return null;
      const box = at.getBoundingClientRect();
      return {
        what: at.tagName.toLowerCase(),
        name: at.getAttribute("aria-label") ?? at.textContent?.trim().slice(0, 60) ?? "",
        id: at.id,
        href: at.getAttribute("href"),
        seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
      };
    });
    if (!stop) break;
    stops.push(stop);
  }
  return stops;
}

await check("keyboard: skip link, navigation, filter, table", async () => {
  const { page, close } = await open("/entities");
  const stops = await tabStops(page, 20);
  assert(stops[0]?.href === "#content", `first comes the skip link, not ${JSON.stringify(stops[0])}`);
  const order = ["/", "/kpi", "/scenarios", "/map", "/entities"].map((href) => stops.findLastIndex((stop) => stop.href === href));
  assert(order.every((at) => at > 0), "the navigation is reached");
  for (const id of ["type", "value"]) assert(stops.some((stop) => stop.id === id), `the field ${id} is reached`);
  assert(stops.every((stop) => stop.seen), `every stop is in sight: ${JSON.stringify(stops.find((s) => !s.seen))}`);
  await page.goto(new URL("/entities", base).href);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert((await page.evaluate(() => location.hash)) === "#content", "the skip link skips");
  await page.focus("#value");
  await page.keyboard.type("1");
  await page.keyboard.press("Enter");
  await page.waitForURL(/value=1/);
  await close();
});

if (hasIsland) {
  await check("the map shows the city's features, and keys and buttons move it", async () => {
    const { page, faults, close } = await open("/map");
    await idleMap(page);
    const canvases = await page.$$("canvas");
    assert(canvases.length === 1, "one canvas");
    // A drawn city has more colours than a background.
    const shot = await canvases[0].screenshot();
    assert(shot.length > 12_000, `the map is empty: ${shot.length} bytes of picture`);
    const stops = await tabStops(page, 60);
    assert(stops.filter((stop) => stop.what === "canvas").length === 1, "the map is one tab stop");
    assert(stops.filter((stop) => stop.what === "button").length >= 10, "its buttons are reached");
    const hash = () => page.evaluate(() => location.hash);
    await page.focus("canvas");
    await page.keyboard.press("+");
    await page.waitForFunction(() => location.hash.startsWith("#map="), undefined, { timeout: MAP_PATIENCE_MS });
    const before = await hash();
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction((old) => location.hash !== old, before, { timeout: MAP_PATIENCE_MS });
    const then = await hash();
    await page.click("button[aria-label='Zoom in']");
    await page.waitForFunction((old) => location.hash !== old, then, { timeout: MAP_PATIENCE_MS });
    await page.focus("canvas");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".map-detail, [aria-live] p", { timeout: MAP_PATIENCE_MS });
    const sizes = await page.$$eval(".map-tools button", (all) =>
      all.map((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height)),
    );
    assert(sizes.every((size) => size >= 24), `buttons of ${Math.min(...sizes)} px`);
    assert(faults.length === 0, faults.join("\n"));
    await close();
  });

  await check("without WebGL the map says so and the picture stays", async () => {
    const context = await browser.newContext();
    await context.addInitScript(() => {
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind.startsWith("webgl") ? null : real.call(this, kind, ...rest);
      };
    });
    const page = await context.newPage();
    await page.goto(new URL("/map", base).href);
    await page.waitForSelector("#map-island[data-state=no-webgl] .notice");
    assert(await page.isVisible("svg.map-picture"), "the picture is there");
    await context.close();
  });
} else {
  console.log("ignored: this binary was built without the map island");
}

// The pictures of the README.
mkdirSync(pictures, { recursive: true });
const drawn = new Set();
async function picture(name, address, options, prepare) {
  await check(`picture ${name}`, async () => {
    assert(!drawn.has(name), "two pictures have this name");
    drawn.add(name);
    const { page, close } = await open(address, options);
    try {
      await prepare?.(page);
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: options.whole ?? false });
    } finally {
      await close();
    }
  });
}
await picture("overview", "/", {});
await picture("overview-narrow", "/", { width: 390, dark: true });
if (firstKpi) await picture("kpi", chartedKpi ?? firstKpi, { height: 1720 });
if (sensor) {
  await picture("entity", sensor, { height: 1300 });
}
if (chosen) await picture("scenario-choice", chosen, { whole: true });
await picture("scenarios", "/scenarios", { height: 1100 });
await picture("runs", "/scenarios/runs", { height: 900 });
if (compared) {
  await picture("scenario-run", compared, { height: 1700 });
  await picture("who-gains", compared, { height: 1500 }, (page) =>
    page.$eval("#who", (heading) => heading.scrollIntoView()),
  );
}
await picture("reach", "/reach", { height: 1000 });
await picture("map", "/map", {}, async (page) => {
  if (!hasIsland) return;
  await idleMap(page);
  await page.click("button[aria-pressed]");
  for (let step = 0; step < 2; step += 1) {
    await page.click("button[aria-label='Zoom in']");
    await page.waitForTimeout(200);
  }
  await page.$eval(".map-place", (place) => place.scrollIntoView());
  await page.waitForTimeout(6000);
});

await browser.close();
console.log(`\n${passed} passed, ${failures.length} failed`);
if (failures.length > 0) {
  console.log(failures.map((name) => `  ${name}`).join("\n"));
  process.exit(1);
}
