// Walks the JavaScript client `ngsijs` through its own list of NGSI-LD features against a running server.
//
//   node walk.mjs BASE_URL
//
// Prints a table; the exit code is 1 when a feature failed. Not walked: a function as the endpoint of a subscription,
// which needs a third server (an ngsi-proxy) in between; the client itself advises against it outside browsers.

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { PATIENCE_MS, walk } from "./table.mjs";
import "./entities.mjs";
import "./attributes.mjs";
import "./subscriptions.mjs";
import "./types.mjs";
import "./temporal.mjs";

const NGSI = createRequire(import.meta.url)("ngsijs");

const [base] = process.argv.slice(2);
if (!base) {
  console.error("usage: node walk.mjs BASE_URL");
  process.exit(2);
}

/** The answers of the server, in the order in which they came. */
const wire = [];
const connection = new NGSI.Connection(base);
const send = connection.makeRequest;
connection.makeRequest = (url, options) =>
  send(url, options).then((response) => {
    const { status, responseText: text } = response;
    wire.push({ method: options.method, url: String(url), status, text, header: (name) => response.getHeader(name) });
    return response;
  });

/** A receiver of notifications; `next(path)` waits for one. */
const waiting = new Map();
const arrived = new Map();
const receiver = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    response.writeHead(204).end();
    const one = { headers: request.headers, body: JSON.parse(body) };
    const waiter = waiting.get(request.url);
    waiting.delete(request.url);
    if (waiter) waiter(one);
    else arrived.set(request.url, [...(arrived.get(request.url) ?? []), one]);
  });
});
await new Promise((ready) => receiver.listen(0, "127.0.0.1", ready));
const notifications = {
  uri: (path) => `http://127.0.0.1:${receiver.address().port}${path}`,
  next: (path) => {
    const early = arrived.get(path)?.shift();
    if (early) return Promise.resolve(early);
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error(`no notification at ${path}`)), PATIENCE_MS);
      waiting.set(path, (one) => {
        clearTimeout(patience);
        resolve(one);
      });
    });
  },
};

const { version } = createRequire(import.meta.url)("ngsijs/package.json");
const failed = await walk(`ngsijs ${version} (Node ${process.versions.node})`, {
  ld: connection.ld,
  wire,
  notifications,
});
receiver.close();
process.exit(failed === 0 ? 0 : 1);
