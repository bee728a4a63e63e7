// createSubscription, getSubscription, listSubscriptions, updateSubscription, deleteSubscription.

import { CONTEXT, CORE, parking, road } from "./entities.mjs";
import { equal, eventually, feature, holds, raised } from "./table.mjs";

const GROUP = "subscriptions";

function subscription(uri, members = {}) {
  return {
    type: "Subscription",
    entities: [{ type: "Road" }],
    watchedAttributes: ["name"],
    notification: { format: "keyValues", endpoint: { uri, accept: "application/json" } },
    ...members,
  };
}

feature(GROUP, "createSubscription, and the notification of a change", async ({ ld, notifications }) => {
  const made = await ld.createSubscription(subscription(notifications.uri("/road")));
  equal(made.location, `/ngsi-ld/v1/subscriptions/${made.subscription.id}`, "Location");
  await ld.createEntity(road("S1"));
  const { headers, body } = await notifications.next("/road");
  equal(headers["content-type"].split(";")[0], "application/json", "Content-Type");
  equal([body.type, body.subscriptionId], ["Notification", made.subscription.id], "the notification");
  equal(body.data, [{ id: "urn:ngsi-ld:Road:S1", type: "Road", name: "S1", alternateName: "Autovía S1" }], "data");
  await ld.deleteSubscription(made.subscription.id);
});

feature(GROUP, "createSubscription with an id and an @context; a second of that id is refused", async (world) => {
  const { ld, notifications } = world;
  const wanted = subscription(notifications.uri("/parking"), {
    "@context": [CONTEXT, CORE],
    id: "urn:ngsi-ld:Subscription:ngsijs",
    entities: [{ type: "OffStreetParking" }],
    watchedAttributes: ["availableSpotNumber"],
    q: "availableSpotNumber<3",
  });
  equal((await ld.createSubscription(wanted)).subscription.id, "urn:ngsi-ld:Subscription:ngsijs", "id");
  await raised("AlreadyExists", () => ld.createSubscription(structuredClone(wanted)));
  await ld.createEntity(parking("S2", 3));
  await ld.createEntity(parking("S3", 2));
  const { body } = await notifications.next("/parking");
  const data = [{ id: "urn:ngsi-ld:OffStreetParking:S3", type: "OffStreetParking", availableSpotNumber: 2 }];
  equal(body.data, data, "data");
});

feature(GROUP, "createSubscription: what is bad is refused", async ({ ld, notifications }) => {
  const bad = subscription(notifications.uri("/bad"), { q: "name==" });
  await raised("BadRequest", () => ld.createSubscription(bad));
});

feature(GROUP, "getSubscription, in a context; what is not there", async ({ ld, notifications }) => {
  const id = "urn:ngsi-ld:Subscription:ngsijs";
  const asked = async () => (await ld.getSubscription({ id, "@context": CONTEXT })).subscription;
  // The receiver has it before the server has read the receiver's answer, which is what it counts.
  const found = await eventually(asked, ({ notification }) => notification.timesSent >= 1);
  equal([found.id, found.type, found.status], [id, "Subscription", "active"], "members");
  equal(found.q, "availableSpotNumber<3", "q");
  equal(found.watchedAttributes, ["availableSpotNumber"], "watchedAttributes");
  equal(found.notification.endpoint.uri, notifications.uri("/parking"), "endpoint");
  equal(found.notification.timesSent, 1, "timesSent");
  await raised("NotFound", () => ld.getSubscription("urn:ngsi-ld:Subscription:none"));
});

feature(GROUP, "listSubscriptions: pages, count, system attributes", async ({ ld, notifications }) => {
  const made = [];
  for (let number = 0; number < 3; number += 1) {
    made.push((await ld.createSubscription(subscription(notifications.uri(`/list/${number}`)))).subscription.id);
  }
  const all = await ld.listSubscriptions({ count: true, sysAttrs: true });
  equal([all.count, all.results.length], [4, 4], "count");
  holds(all.results.every(({ createdAt }) => createdAt), "system attributes");
  const page = await ld.listSubscriptions({ limit: 1, offset: 1, count: true });
  equal([page.results.length, page.count], [1, 4], "a page");
  equal(page.results[0].id, all.results[1].id, "the second of the list");
  for (const id of made) await ld.deleteSubscription(id);
});

feature(GROUP, "updateSubscription: pause, and another endpoint; what is not there", async ({ ld, notifications }) => {
  const { subscription: made } = await ld.createSubscription(subscription(notifications.uri("/before")));
  await ld.updateSubscription({ id: made.id, isActive: false });
  equal((await ld.getSubscription(made.id)).subscription.status, "paused", "status");
  const endpoint = { uri: notifications.uri("/after"), accept: "application/json" };
  await ld.updateSubscription({ isActive: true, notification: { endpoint } }, { id: made.id });
  await ld.createEntity(road("S4"));
  equal((await notifications.next("/after")).body.data[0].id, "urn:ngsi-ld:Road:S4", "the entity");
  await ld.deleteSubscription({ id: made.id });
  await raised("NotFound", () => ld.updateSubscription({ id: made.id, isActive: true }));
});

feature(GROUP, "deleteSubscription; what is not there", async ({ ld }) => {
  equal(await ld.deleteSubscription("urn:ngsi-ld:Subscription:ngsijs"), {}, "answer");
  await raised("NotFound", () => ld.deleteSubscription("urn:ngsi-ld:Subscription:ngsijs"));
});
