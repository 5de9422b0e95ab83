// Whole sessions that pass, from the first screen to the collected person.

import assert from "node:assert/strict";
import { before } from "node:test";
import { eventually } from "../harness/idem.mjs";
import { browser, holder, idem, text, Visit, within } from "../harness/visit.mjs";

const held = browser(), waiting = browser({ device: false, keep: true });

// The shortest time that a flow can set is a minute: it runs out during the tests below.
const brief = {};
before(async () => {
  brief.flow = await idem.flow(["LDS"], { session_seconds: 60 });
  brief.session = await idem.open(brief.flow);
  brief.visit = await Visit.begin(waiting, brief.session);
  await brief.visit.start();
  await brief.visit.on("primer");
});

/** Checks aliases and photos of a person, then forgets the person, so that each test meets a stranger. */
async function assertCollected(session, { photos, verified }, forget = true) {
  const person = await idem.collected(session);
  const aliases = person.aliases.map(a => a.type).sort();
  assert.deepEqual(aliases, ["CUSTOM", "DOCUMENT_NUMBER", "PERSONAL_NUMBER", "SYSTEM_ID"]);
  const value = type => person.aliases.find(a => a.type === type).value;
  assert.equal(value("PERSONAL_NUMBER"), holder.personal_number);
  assert.equal(value("DOCUMENT_NUMBER"), holder.document_number);
  assert.deepEqual(person.photos.map(p => p.type + (p.default ? " default" : "")).sort(), photos);
  assert.equal(person.verified, verified);
  if (forget) await idem.native("DELETE", `/v1/persons/${person.id}`);
  return person;
}

async function begin(name, technologies) {
  const flow = await idem.flow(technologies, { person_config: { collection_enabled: true } }), session = await idem.open(flow, { custom_id: name });
  held.camera.show("HOLDER");
  const visit = await Visit.begin(held, session);
  await visit.start();
  return { flow, session, visit };
}

within(90, "Persons_58 a chip and a face make a person, the same chip and face compared verify that person", async () => {
  const first = await begin("browser-58", ["ED", "LDS"]);
  await first.visit.giveChip();
  await first.visit.allow(1);
  await first.visit.finished("passed");
  await first.visit.end();
  const person = await assertCollected(first.session, { photos: ["digital default", "live"], verified: false }, false);

  const second = await begin("browser-58", ["ED", "LDD", "F2F"]);
  await second.visit.giveChip();
  await second.visit.allow(1);
  await second.visit.finished("passed");
  await second.visit.end();
  const again = await assertCollected(second.session, { photos: ["digital default", "live"], verified: true });
  assert.equal(again.id, person.id);
});

within(90, "Persons_52 turns of the head, a photographed passport and their comparison make a verified person", async () => {
  const { flow, session, visit } = await begin("browser-52", ["LDHP", "DR", "F2F"]);
  await visit.allow(0);
  await visit.on("primer", { step: "1" });
  await visit.showPassport(held.camera);
  await visit.finished("passed");
  await visit.end();
  const result = await idem.result(flow, session);
  assert.equal(result.status, "FINISHED");
  assert.equal(result.face2face_result.reference_source, "DOCUMENT");
  assert.ok(Number(result.face2face_result.prediction) > 0.5, result.face2face_result.prediction);
  await assertCollected(session, { photos: ["live", "scan default"], verified: true });
});

within(90, "turns and distance together pass", async () => {
  const { flow, session, visit } = await begin("both", ["LDP"]);
  await visit.allow(0);
  await visit.finished("passed");
  await visit.end();
  assert.equal((await idem.result(flow, session)).status, "FINISHED");
});

within(90, "without guidance the page asks for moves by the clock, and takes pictures by its button", async () => {
  const flow = await idem.flow(["LDD", "LDS", "DR"]), session = await idem.open(flow);
  held.camera.show("HOLDER");
  const page = await held.page([idem.url]);
  await page.route("**/guidance/", route => route.fulfill({ status: 404, contentType: "application/json", body: "{}" }));
  await page.goto(`${idem.url}/flow/${session}?locale=en`);
  const visit = new Visit(page, session);
  await visit.start();
  for (const step of [0, 1]) {
    await visit.on("primer", { step });
    held.camera.show("HOLDER");
    await visit.allow(step);
    await visit.on("liveness", { part: "position" });
    await visit.reads(text("liveness.unguided"));
    await visit.press("capture");
  }
  await visit.on("primer", { step: "2" });
  held.camera.show("DOCUMENT");
  await visit.allow(2);
  await visit.on("document", { part: "front" });
  await visit.pictures(10); // of the passport, none of the holder before
  await visit.press("capture");
  await visit.on("document", { part: "review" });
  await visit.press("submit");
  await visit.finished("passed");
  await visit.end([/^404 of .*guidance/]);
});

within(60, "Persons_48 a demonstration is marked, and makes nobody", async () => {
  const flow = await idem.flow(["ED"], { person_config: { collection_enabled: true } });
  const { id: session } = await idem.native("POST", `/v1/flows/${flow.id}/demo`);
  const visit = await Visit.begin(held, session);
  await visit.on("intro");
  assert.equal(await visit.page.locator(".demo").innerText(), text("demo"));
  await visit.start();
  await visit.giveChip();
  await visit.finished("passed");
  await visit.end();
  const { data } = await idem.native("GET", "/v1/collections?limit=100");
  assert.ok(!data.some(c => c.session_id === session));
});

within(100, "Persons_54 a page says by itself that the time of its session is over", async () => {
  const { flow, session, visit } = brief;
  visit.page.setDefaultTimeout(70_000);
  await visit.finished("expired");
  await visit.reads(text("finished.expired.title"));
  await visit.end([/^410 of /]);
  await eventually("the session is swept", async () => (await idem.result(flow, session)).status === "EXPIRED");
  assert.equal((await idem.result(flow, session)).flow_session_result, false);
});
