// Somebody adds a passkey, logs in with it and removes it, in Debian's Chromium with its virtual authenticator, which knows
// nothing of ours.
//
//   node passkeys.mjs BASE_URL
//
// After accounts.mjs, at the same server: its account is used. BASE_URL is of localhost, since addresses of numbers have no
// passkeys.

import { NAME, PASSWORD, assert, axeSource, check, finish, launch } from "./walk.mjs";

const [base] = process.argv.slice(2);
if (!base) {
  console.error("usage: node passkeys.mjs BASE_URL");
  process.exit(2);
}

const browser = await launch();
const at = (path) => new URL(path, base).href;

// With the policy of the pages as it is: the script has to get by with it.
const context = await browser.newContext({ locale: "en" });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const faults = [];
page.on("console", (message) => {
  // A refusal is an answer, which Chromium tells as an error of the page.
  if (message.type() === "error" && !/Failed to load resource/.test(message.text())) faults.push(message.text());
});
page.on("pageerror", (error) => faults.push(error.message));
const here = () => new URL(page.url()).pathname;
const devtools = await context.newCDPSession(page);
await devtools.send("WebAuthn.enable");
const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
  options: {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});
const verified = (isUserVerified) => devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
const credentials = async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;

async function withPassword(on = page) {
  await on.goto(at("/login?next=%2Faccount"));
  await on.fill("#name", NAME);
  await on.fill("#password", PASSWORD);
  await on.click("main form button[type=submit]");
  await on.waitForURL("**/account**");
}
async function add(name) {
  await page.fill("#passkey-new-name", name);
  await page.fill("#passkey-new-password", PASSWORD);
  await page.click("#passkey-go");
}
async function leave() {
  await page.click("form[action='/logout'] button");
  await page.waitForURL("**/login**");
}
const said = () => page.waitForFunction(() => document.getElementById("passkey-said")?.className === "notice");
const me = async () => (await page.request.get(at("/access/me"))).json();

await check("a passkey is added on the page of the account", async () => {
  await withPassword();
  assert((await me()).assurance === "one", "a password is one factor");
  assert(await page.isVisible("#passkey-add"), "the form is there");
  await add("phone");
  await page.waitForURL("**/account?done=passkey");
  assert((await page.textContent("table:has(#passkeys-caption)")).includes("phone"), "it stands in the table");
  const [credential, ...others] = await credentials();
  assert(others.length === 0 && credential.isResidentCredential && credential.rpId === "localhost", JSON.stringify(credential));
  assert((await me()).assurance === "two", "the session in which it was added goes on with two factors");
});

await check("the same device is not added twice, and what was typed stays", async () => {
  await add("again");
  await said();
  assert((await page.textContent("#passkey-said")).includes("already"), await page.textContent("#passkey-said"));
  assert((await page.inputValue("#passkey-new-name")) === "again", "the name is still there");
  assert((await credentials()).length === 1, "one passkey");
});

await check("a wrong password adds nothing and asks the device nothing", async () => {
  await page.fill("#passkey-new-name", "other");
  await page.fill("#passkey-new-password", "wrong");
  await page.click("#passkey-go");
  await said();
  assert((await page.textContent("#passkey-said")).includes("not right"), await page.textContent("#passkey-said"));
});

await check("it logs in without a name, by the keyboard, and counts as two factors", async () => {
  await leave();
  await page.goto(at("/login?next=%2Faccount"));
  assert(await page.isHidden("#passkey-without"), "nothing is missing here");
  await page.focus("#password");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert((await page.evaluate(() => document.activeElement.id)) === "passkey-go", "the next but one thing to reach");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account");
  const who = await me();
  assert(who.name === NAME && who.assurance === "two", JSON.stringify(who));
});

await check("it logs in with its owner's name, and not with another", async () => {
  await leave();
  await page.fill("#name", "nobody");
  await page.click("#passkey-go");
  await said();
  assert((await page.textContent("#passkey-said")).includes("opens nothing"), await page.textContent("#passkey-said"));
  assert((await page.evaluate(() => document.activeElement.id)) === "passkey-said", "who listens is told");
  assert((await page.inputValue("#name")) === "nobody", "what was typed stays");
  await page.fill("#name", NAME.toUpperCase());
  await page.click("#passkey-go");
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
  assert((await me()).name === NAME, "in");
});

await check("who is not verified by the device does not come in", async () => {
  await leave();
  await verified(false);
  await page.click("#passkey-go");
  await said();
  await verified(true);
  assert(here() === "/login", `at ${here()}`);
  const status = (await page.request.get(at("/access/me"))).status();
  assert(status === 401, `/access/me: ${status}`);
});

await check("without scripts the pages say what passkeys need, and the password works", async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false, locale: "en" });
  const other = await plain.newPage();
  await other.goto(at("/login"));
  assert(await other.isHidden("#passkey-go"), "no button that does nothing");
  assert((await other.textContent("#passkey-without")).includes("JavaScript"), "it says so");
  await withPassword(other);
  assert(await other.isHidden("#passkey-add"), "no form that does nothing");
  assert(await other.isVisible("#passkey-without"), "it says so there, too");
  await plain.close();
});

await check("at another address of the same server the page says where passkeys work", async () => {
  const elsewhere = new URL("/login", base);
  elsewhere.hostname = "127.0.0.1";
  await page.goto(elsewhere.href);
  assert(await page.isHidden("#passkey-go"), "no button that cannot work");
  assert((await page.textContent("#passkey-without")).includes("localhost"), await page.textContent("#passkey-without"));
});

for (const [width, language] of [
  [1280, "en"],
  [320, "ar"],
]) {
  const scripted = await browser.newContext({ bypassCSP: true, viewport: { width, height: 900 } });
  const other = await scripted.newPage();
  const look = async (path) => {
    await check(`${path}, ${width} px, ${language}: axe`, async () => {
      let address = `${path}?lang=${language}`;
      if (path === "/account#passkey") {
        await other.goto(at("/account"));
        address = `${await other.getAttribute("a[href*='passkey-title']", "href")}`.replace("#", `&lang=${language}#`);
      }
      const response = await other.goto(at(address));
      assert(response.status() === 200, `${response.status()}`);
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
    });
  };
  await look("/login");
  await withPassword(other);
  await look("/account");
  await look("/account#passkey");
  await scripted.close();
}

await check("it is removed, and opens nothing any more", async () => {
  await withPassword();
  await page.click("a[href*='passkey-title']");
  await page.fill("#passkey-password", PASSWORD);
  await page.click("button[value=remove]");
  await page.waitForURL("**/account?done=passkey-removed");
  await leave();
  await page.click("#passkey-go");
  await said();
  assert((await page.textContent("#passkey-said")).includes("opens nothing"), await page.textContent("#passkey-said"));
  assert(here() === "/login", `at ${here()}`);
});

await check("no page complained", async () => {
  assert(faults.length === 0, faults.join("\n"));
});

await browser.close();
finish();
