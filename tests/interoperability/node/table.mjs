// The table of a walk: one row for each feature of the client, and what came of it.

import { isDeepStrictEqual } from "node:util";

/** How long a notification may take on a busy machine. */
export const PATIENCE_MS = 20_000;

class Unmet extends Error {}

export function equal(actual, expected, what) {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Unmet(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

export function holds(condition, what) {
  if (!condition) throw new Unmet(what);
}

/** What `work` throws; that it throws nothing is a failure. `name` is the name of the client's error. */
export async function raised(name, work) {
  try {
    await work();
  } catch (error) {
    if (error instanceof Unmet) throw error;
    equal(error.name, name, `the client's error (${error.message})`);
    return error;
  }
  throw new Unmet(`${name} was not raised`);
}

/** What `asked` answers once `enough` holds of it; the last answer when it does not within a while. */
export async function eventually(asked, enough) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await asked();
    if (enough(found) || Date.now() > until) return found;
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

const features = [];

/** A feature of the client, and a walk through it. */
export function feature(group, name, work) {
  features.push({ group, name, work });
}

/** A feature with which the client asks for what the standard refuses: the server must answer `status`. */
export function contradiction(group, name, { clause, meaning, status }, work) {
  const verdict = `client contradicts clause ${clause}: ${meaning}`;
  features.push({ group, name, work, expected: { verdict, status } });
}

/** Walks through all of them. `wire` holds the answers of the server. Prints a table; gives the number of failures. */
export async function walk(title, world) {
  const rows = [];
  for (const { group, name, work, expected } of features) {
    world.wire.length = 0;
    let verdict = expected ? "failed" : "ok";
    let detail = expected ? `it works, although: ${expected.verdict}` : "";
    try {
      await work(world);
    } catch (error) {
      const last = world.wire.at(-1);
      if (expected && !(error instanceof Unmet) && last?.status === expected.status) {
        verdict = expected.verdict;
        detail = "";
      } else {
        verdict = "failed";
        const answer = last ? `\n${last.method} ${last.url} -> ${last.status} ${last.text.slice(0, 600)}` : "";
        detail = `${error.name}: ${error.message} ${error.details ?? ""}${answer}`;
      }
    }
    rows.push({ label: `${group}: ${name}`, verdict, detail });
  }
  const width = Math.max(...rows.map(({ label }) => label.length));
  console.log(`\n${title}\n`);
  for (const { label, verdict, detail } of rows) {
    console.log(`  ${label.padEnd(width)}  ${verdict}`);
    if (detail) console.log(`      ${detail.replaceAll("\n", "\n      ")}`);
  }
  const failed = rows.filter(({ verdict }) => verdict === "failed").length;
  const ok = rows.filter(({ verdict }) => verdict === "ok").length;
  console.log(`\n${ok} ok, ${rows.length - ok - failed} beyond the server, ${failed} failed\n`);
  return failed;
}
