// The page inside the pages of other sites.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before } from "node:test";
import { browser, idem, text, Visit, within } from "../harness/visit.mjs";

const held = browser();
const shop = { server: createServer((_, answer) => answer.setHeader("Content-Type", "text/html; charset=utf-8").end(shop.html)) };

before(async () => {
  shop.server.listen(0, "127.0.0.1");
  await once(shop.server, "listening");
  shop.url = `http://localhost:${shop.server.address().port}`;
});
after(() => shop.server.close());

/** A page of another site that runs a session in a widget and keeps the events that it hears of. */
function page(session) {
  return `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">
<div id="place" style="width: 100%; height: 700px"></div>
<script src="${idem.url}/widget/flow-widget.umd.js"></script>
<script>
  window.heard = [];
  window.addEventListener("finish", event => heard.push(event.detail));
  FlowWidget.startSession({ id: ${JSON.stringify(session)}, selector: "#place", locale: "en" });
</script>`;
}

async function visitShop(session, options = {}) {
  shop.html = page(session);
  const opened = await held.page([idem.url, shop.url], options);
  await opened.goto(`${shop.url}/`);
  return new Visit(opened, session, opened.frameLocator("#place iframe"));
}

within(60, "a widget in a page of another site uses the camera and tells once that the session has ended", async () => {
  const flow = await idem.flow(["ED", "LDS"], { frame_ancestors: [shop.url] }), session = await idem.open(flow);
  const visit = await visitShop(session);
  await visit.start();
  await visit.giveChip();
  await visit.allow(1);
  await visit.on("finished", { outcome: "passed" });
  await visit.page.waitForFunction(() => window.heard.length > 0);
  assert.deepEqual(await visit.page.evaluate(() => window.heard), [{ session_id: session, status: "FINISHED", passed: true }]);
  await visit.end();
});

within(60, "a widget tells of a session that was stopped", async () => {
  const flow = await idem.flow(["ED"], { frame_ancestors: [shop.url] }), session = await idem.open(flow);
  const visit = await visitShop(session);
  await visit.start();
  await visit.on("edocument");
  await visit.press("abort");
  await visit.root.getByRole("button", { name: text("abort.confirm"), exact: true }).click();
  await visit.on("finished", { outcome: "aborted" });
  await visit.page.waitForFunction(() => window.heard.length > 0);
  assert.deepEqual(await visit.page.evaluate(() => window.heard), [{ session_id: session, status: "FAILED", passed: false }]);
  await visit.end();
});

within(60, "a site that the flow does not name shows nothing of the session", async () => {
  const flow = await idem.flow(["ED"], { frame_ancestors: ["https://other.example"] }), session = await idem.open(flow);
  shop.html = page(session);
  const opened = await held.page([idem.url, shop.url]);
  const said = opened.waitForEvent("console", m => m.type() === "error" && /frame-ancestors/.test(m.text()));
  await opened.goto(`${shop.url}/`);
  await said;
  assert.equal(await opened.frameLocator("#place iframe").locator("main").count(), 0);
  await new Visit(opened).end([/frame-ancestors/]);
  assert.equal((await idem.state(session)).status, "NEW");
});
