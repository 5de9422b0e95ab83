// Connections that break off while evidence is sent.

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { Line } from "../harness/line.mjs";
import { browser, idem, picture, text, Visit, within } from "../harness/visit.mjs";

const held = browser();
let line;
before(async () => { line = await Line.to(idem.url); });
after(() => line.close());

async function begin(technologies, cuts) {
  const session = await idem.open(await idem.flow(technologies));
  Object.assign(line, { cuts, sent: 0 });
  held.camera.show("HOLDER");
  const page = await held.page([line.url]);
  await page.goto(`${line.url}/flow/${session}?locale=en`);
  const visit = new Visit(page, session);
  await visit.start();
  await visit.on("primer");
  return visit;
}

within(60, "a picture whose upload breaks off is sent again, and costs no attempt", async () => {
  const visit = await begin(["LDS"], ["upload", "upload"]);
  await visit.upload(picture("selfie"));
  await visit.reads(text("checking.again"));
  await visit.finished("passed");
  assert.equal(line.sent, 3);
  await visit.end();
});

within(90, "moves whose upload breaks off are sent again, and answer the same challenge", async () => {
  const visit = await begin(["LDD"], ["upload"]);
  await visit.allow();
  await visit.finished("passed");
  assert.equal(line.sent, 2);
  await visit.end();
});

within(60, "evidence that arrived is not sent again when its answer is lost", async () => {
  const visit = await begin(["LDS", "DR"], ["answer"]);
  await visit.upload(picture("selfie"));
  await visit.on("primer", { step: "1" });
  assert.equal(line.sent, 1);
  assert.deepEqual((await idem.state(visit.session)).steps.map(s => s.state), ["PASSED", "PENDING"]);
  await visit.end();
});

within(90, "a line that breaks off again and again is told, with what to do", async () => {
  const visit = await begin(["LDS"], Array(4).fill("upload"));
  await visit.upload(picture("selfie"));
  await visit.on("problem", { problem: "interrupted" });
  await visit.reads(text("problem.interrupted.text"));
  assert.equal(line.sent, 4);
  assert.equal((await idem.state(visit.session)).steps[0].attempts_left, 3);
  await visit.press("retry");
  await visit.finished("passed");
  await visit.end();
});
