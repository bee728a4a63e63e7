// Somebody sets a server up, logs in and out, in Debian's Chromium; and another site tries to act for them.
//
//   node accounts.mjs BASE_URL SETUP_CODE
//
// The server asks who one is (access.mode = "required") and nobody has an account yet.

import { createServer } from "node:http";
import { NAME, PASSWORD, assert, axeSource, check, finish, launch } from "./walk.mjs";

const [base, code] = process.argv.slice(2);
if (!base || !code) {
  console.error("usage: node accounts.mjs BASE_URL SETUP_CODE");
  process.exit(2);
}
const SESSION = "__Host-mapacha";

const browser = await launch();
// Scripts are off as for anybody who has none; one page has them, to look with.
const context = await browser.newContext({ javaScriptEnabled: false, locale: "en" });
const page = await context.newPage();
const at = (path) => new URL(path, base).href;
const here = () => new URL(page.url()).pathname;
const session = async () => (await context.cookies(base)).find((cookie) => cookie.name === SESSION);

async function logIn(on = page) {
  await on.goto(at("/login?next=%2Faccount"));
  await on.fill("#name", NAME);
  await on.fill("#password", PASSWORD);
  await on.click("main button[type=submit]");
}

await check("a stranger is led to the setting up, and the code makes the first account once", async () => {
  await page.goto(at("/"));
  assert(here() === "/setup", `at ${here()}`);
  await page.fill("#code", code);
  await page.fill("#name", NAME);
  await page.fill("#password", PASSWORD);
  await page.click("main button[type=submit]");
  assert(here() !== "/setup", `still at ${here()}: ${await page.textContent("main")}`);
  assert(await session(), "somebody is logged in");
  await page.goto(at("/account"));
  assert((await page.textContent("main")).includes(NAME), "the page of the account names them");
  const again = await (await browser.newContext()).request.get(at("/setup"), { maxRedirects: 0 });
  assert(again.status() !== 200, `/setup again: ${again.status()}`);
});

await check("the cookie of the session is for this host alone, secure, and away from scripts and other sites", async () => {
  const cookie = await session();
  assert(cookie.httpOnly && cookie.secure && cookie.sameSite === "Lax", JSON.stringify(cookie));
  assert(cookie.domain === new URL(base).hostname && cookie.path === "/", JSON.stringify(cookie));
  assert(cookie.expires === -1, "it goes with the browser");
});

await check("no script of a page reads the cookie of the session", async () => {
  const scripted = await browser.newContext({ bypassCSP: true });
  const other = await scripted.newPage();
  await logIn(other);
  assert(new URL(other.url()).pathname === "/account", other.url());
  const read = await other.evaluate(() => document.cookie);
  assert(!read.includes("__Host-mapacha"), read);
  const viaStore = await other.evaluate(async () => {
    const all = await globalThis.cookieStore?.getAll();
    return (all ?? []).map((cookie) => cookie.name).join(" ");
  });
  assert(!viaStore.includes("__Host-mapacha"), viaStore);
  await scripted.close();
});

// Another site: another port of this machine is another origin, and another name another site.
const bait = createServer((request, response) => {
  const target = new URL(request.url, "http://evil.localhost").searchParams.get("to");
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(`<!doctype html><title>Win</title>
<form id="keys" method="post" action="${base}/account/keys"><input name="then" value="make"><input name="key-name" value="mallorys"><input name="role" value="administrator"><input name="form_token" value="guess"><button>Win</button></form>
<form id="out" method="post" action="${base}/logout"><button>Win</button></form>
<form id="plain" method="post" enctype="text/plain" action="${base}/ngsi-ld/v1/entities"><input name='{"id":"urn:ngsi-ld:A:mallorys","type":"A","x":"' value='"}'><button>Win</button></form>
<form id="upload" method="post" enctype="multipart/form-data" action="${base}/imports/entities"><input name="file" value="[]"><button>Win</button></form>
<img src="${base}/account" alt="">${target ? `<iframe src="${base}${target}"></iframe>` : ""}`);
});
await new Promise((resolve) => bait.listen(0, "127.0.0.1", resolve));
const port = bait.address().port;

async function keys() {
  await page.goto(at("/account"));
  return page.textContent("main");
}

await check("a form of another site is refused", async () => {
  for (const site of [`http://127.0.0.1:${port}`, `http://localhost:${port}`, `http://evil.localhost:${port}`]) {
    for (const form of ["keys", "out", "plain", "upload"]) {
      await page.goto(`${site}/`);
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.request().method() === "POST"),
        page.click(`#${form} button`),
      ]);
      assert([401, 403].includes(answer.status()) || (answer.status() === 303 && (await answer.headerValue("location")).startsWith("/login")), `${site} ${form}: ${answer.status()}`);
    }
  }
  assert(!(await keys()).includes("mallorys"), "no key was made");
  assert(here() === "/account", "and nobody was logged out");
  const entity = await page.request.get(at("/ngsi-ld/v1/entities/urn:ngsi-ld:A:mallorys"));
  assert(entity.status() === 404, `the entity: ${entity.status()}`);
});

await check("a script of another site neither reads nor writes", async () => {
  const other = await context.browser().newContext();
  await other.addCookies(await context.cookies());
  const evil = await other.newPage();
  await evil.goto(`http://evil.localhost:${port}/`);
  const results = await evil.evaluate(async (base) => {
    const told = [];
    for (const [method, path, headers] of [
      ["GET", "/access/users", {}],
      ["GET", "/account", {}],
      ["POST", "/access/keys", { "content-type": "application/json" }],
      ["POST", "/ngsi-ld/v1/entities", { "content-type": "text/plain" }],
      ["DELETE", "/access/users/wanjiku", {}],
    ]) {
      try {
        const answer = await fetch(base + path, { method, credentials: "include", headers, ...(method === "POST" ? { body: "{}" } : {}) });
        told.push(`${method} ${path}: ${answer.type} ${answer.status} ${await answer.text()}`);
      } catch {
        // Not let through, as it should be.
      }
    }
    return told;
  }, base);
  assert(results.length === 0, results.join("\n"));
  await other.close();
  assert((await keys()).includes(NAME), "the account is still there");
});

await check("no other site shows a page of ours in a frame", async () => {
  const other = await browser.newContext();
  const evil = await other.newPage();
  await evil.goto(`http://evil.localhost:${port}/?to=/login`);
  const frame = evil.frames().find((one) => one !== evil.mainFrame());
  const text = frame ? await frame.evaluate(() => document.body?.textContent ?? "").catch(() => "") : "";
  assert(!text.includes("Mapacha") && !text.includes("password"), text);
  await other.close();
});

await check("a login elsewhere does not end this one, and its session is another", async () => {
  const before = (await session()).value;
  const other = await browser.newContext();
  const elsewhere = await other.newPage();
  await logIn(elsewhere);
  const theirs = (await other.cookies(base)).find((cookie) => cookie.name === SESSION);
  assert(theirs.value !== before, "each login has a session of its own");
  await page.goto(at("/account"));
  assert(here() === "/account", "this one goes on");
  await other.close();
});

await check("a session that was planted before the login is not the one after it", async () => {
  const other = await browser.newContext();
  const planted = "A".repeat(43);
  await other.addCookies([{ name: SESSION, value: planted, url: base.replace("http:", "https:"), secure: true, httpOnly: true, sameSite: "Lax" }]).catch(() => undefined);
  const elsewhere = await other.newPage();
  await logIn(elsewhere);
  const after = (await other.cookies(base)).find((cookie) => cookie.name === SESSION);
  assert(after && after.value !== planted, "the login gives a new one");
  await other.close();
});

// The pages of somebody who may do everything; a narrow one in a language that is written from the right too.
for (const [width, language] of [
  [1280, "en"],
  [320, "ar"],
]) {
  const scripted = await browser.newContext({ bypassCSP: true, viewport: { width, height: 900 } });
  const other = await scripted.newPage();
  await logIn(other);
  for (const path of [
    "/account",
    "/users",
    "/policies",
    "/policies/classes",
    "/policies/why",
    "/policies/documents/roles.cedar",
    "/break-glass",
    "/governance",
  ]) {
    await check(`${path}, ${width} px, ${language}: axe`, async () => {
      const response = await other.goto(at(`${path}?lang=${language}`));
      assert(response.status() === 200, `${response.status()}: ${await other.textContent("body")}`);
      await other.evaluate(axeSource);
      const found = await other.evaluate(() =>
        globalThis.axe.run(document, {
          runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
          resultTypes: ["violations"],
        }),
      );
      const told = found.violations.map((one) => `${one.id}: ${one.help}\n${one.nodes.map((node) => node.html).join("\n")}`);
      assert(told.length === 0, told.join("\n"));
      const wide = await other.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert(wide <= 0, `the page is ${wide} px too wide`);
      if (process.env.PICTURES) {
        await other.screenshot({ path: `${process.env.PICTURES}/account${path.replaceAll("/", "-")}-${width}.png`, fullPage: true });
      }
    });
  }
  await scripted.close();
}

await check("who logs out is out, also with the cookie that was", async () => {
  await page.goto(at("/account"));
  const before = await session();
  await page.click("form[action='/logout'] button");
  assert(!(await session()), "the cookie is taken back");
  await page.goto(at("/account"));
  assert(here() === "/login", `at ${here()}`);
  await page.goBack();
  await page.reload();
  assert(here() !== "/account", `going back shows ${here()}`);
  const answer = await page.request.get(at("/access/me"), { headers: { cookie: `${SESSION}=${before.value}` } });
  assert(answer.status() === 401, `the old cookie gets ${answer.status()}`);
});

bait.close();
await browser.close();
finish();
