// What does not pass: no document, the wrong side of one, another person, a
// face on a screen. Attempts are counted, and the last one ends the session.

import assert from "node:assert/strict";
import { browser, idem, picture, text, Visit, within } from "../harness/visit.mjs";

const held = browser();

async function begin(technologies) {
  const flow = await idem.flow(technologies), session = await idem.open(flow);
  held.camera.show("HOLDER");
  const visit = await Visit.begin(held, session);
  await visit.start();
  return { flow, session, visit };
}

const attempts = 3;

/** The screen that an attempt ended with: it tells why, and what is left, until the session has failed. */
async function refused(visit, n, reason) {
  if (n === attempts) {
    await visit.finished("failed");
    return visit.reads(text("finished.failed.text"));
  }
  await visit.on("result", { outcome: "failed" });
  await visit.reads(text(reason));
  await visit.reads(text("result.left", { n: attempts - n }));
  await visit.press("retry");
}

async function assertFailed(flow, session, detail) {
  const result = await idem.result(flow, session);
  assert.equal(result.status, "FAILED");
  assert.equal(result.flow_session_result, false);
  assert.ok(result.flow_session_failure_reasons.some(f => f.detail === detail), JSON.stringify(result.flow_session_failure_reasons));
}

within(60, "Persons_53 the side of a card without the lines that are read is refused three times", async () => {
  const { flow, session, visit } = await begin(["DR", "LDS"]);
  await visit.on("primer");
  await visit.upload(picture("front"));
  for (let n = 1; n <= attempts; n++) {
    await visit.on("document", { part: "review" }); // a front that was sent stays: the back may be added
    await visit.press("submit");
    await refused(visit, n, "reason.mrz_not_found");
  }
  await visit.end();
  await assertFailed(flow, session, "mrz_not_found");
  assert.equal((await idem.state(session)).steps[1].state, "PENDING");
});

within(60, "a picture without a document costs no attempt", async () => {
  const { session, visit } = await begin(["DR"]);
  await visit.on("primer");
  await visit.upload(picture("selfie"));
  await visit.on("document", { part: "review" });
  await visit.press("submit");
  await visit.on("problem", { problem: "DOCUMENT_NOT_FOUND" });
  await visit.reads(text("error.DOCUMENT_NOT_FOUND"));
  await visit.reads(text("result.title"));
  assert.equal((await idem.state(session)).steps[0].attempts_left, attempts);
  await visit.press("retry");
  await visit.on("document");
  await visit.end([/^422 of .*steps\/0\//]);
});

within(60, "a camera over an empty table takes no picture by itself, and says why", async () => {
  const { visit } = await begin(["DR"]);
  held.camera.show("TABLE");
  await visit.allow();
  await visit.on("document", { part: "front" });
  await visit.reads(text("reason.document_not_found"));
  held.camera.show("DOCUMENT");
  await visit.on("document", { part: "review" });
  await visit.end();
});

within(60, "another person with the holder's passport is told that the faces differ", async () => {
  const { flow, session, visit } = await begin(["DR", "LDS", "F2F"]);
  await visit.showPassport(held.camera);
  await visit.on("primer", { step: "1" });
  held.camera.show("STRANGER");
  await visit.allow(1);
  await visit.finished("failed");
  await visit.reads(text("reason.faces_differ"));
  await visit.end();
  await assertFailed(flow, session, "faces_differ");
});

within(90, "a face on the screen of a telephone is refused three times", async () => {
  const { flow, session, visit } = await begin(["LDS"]);
  held.camera.show("SCREEN");
  await visit.allow();
  for (let n = 1; n <= attempts; n++) {
    await visit.on("liveness");
    await refused(visit, n, "reason.low_prediction");
  }
  await visit.end();
  await assertFailed(flow, session, "Low prediction"); // in results the guide's words
});
