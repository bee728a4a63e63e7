// What the walks of somebody who logs in have in common: checks that are counted, Chromium, axe-core.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Whose account accounts.mjs makes, and passkeys.mjs uses. */
export const NAME = "wanjiku";
export const PASSWORD = "kikuyu matatu jua wimbo";

let passed = 0;
const failures = [];

export async function check(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED  ${name}\n        ${String(error.message ?? error).replaceAll("\n", "\n        ")}`);
  }
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
}

/** Says how it went, and ends the program with 1 where something failed. */
export function finish() {
  console.log(`\n${passed} passed, ${failures.length} failed`);
  if (failures.length > 0) {
    console.log(failures.map((name) => `  ${name}`).join("\n"));
    process.exit(1);
  }
}
