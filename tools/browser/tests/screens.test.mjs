// Every screen in both colour schemes and three sizes: accessible, and nothing
// is wider than the screen.

import { randomUUID } from "node:crypto";
import { audit } from "../harness/audit.mjs";
import { browser, chip, idem, picture, text, Visit, within } from "../harness/visit.mjs";

const held = browser(), refused = browser({ permission: false });

within(120, "screens of a session that passes are accessible", async () => {
  const flow = await idem.flow(["ED", "LDD", "DR", "F2F"]), session = await idem.open(flow);
  const visit = await Visit.begin(held, session), { page } = visit;
  await visit.on("intro");
  await audit(page, "intro");
  await visit.press("start");
  await visit.on("edocument");
  await audit(page, "edocument");
  await visit.upload(chip);

  await visit.on("primer", { step: "1" });
  await audit(page, "primer-face");
  held.camera.show("TABLE");
  await visit.press("allow-camera");
  await visit.on("liveness", { part: "position" });
  await visit.reads(text("reason.face_not_found"));
  await audit(page, "liveness-position");
  held.camera.show("HOLDER");
  await visit.on("liveness", { part: "moves" });

  await visit.on("primer", { step: "2" });
  held.camera.show("TABLE");
  await visit.press("allow-camera");
  await visit.on("document", { part: "front" });
  await visit.reads(text("reason.document_not_found"));
  await audit(page, "document-front");
  held.camera.show("DOCUMENT");
  await visit.on("document", { part: "review" });
  await audit(page, "document-review");
  await page.route("**/steps/3/", async route => { await comparing; await route.continue(); });
  let compare;
  const comparing = new Promise(done => { compare = done; });
  await visit.press("submit");
  await visit.on("compare");
  await audit(page, "compare");
  compare();
  await visit.finished("passed");
  await audit(page, "finished-passed");
  await visit.end();
});

within(60, "the screen of moves is accessible while a move is waited for", async () => {
  const flow = await idem.flow(["LDHP"]), session = await idem.open(flow);
  held.camera.show("STRANGER"); // who looks into the camera and makes no move
  const visit = await Visit.begin(held, session);
  await visit.start();
  await visit.allow();
  await visit.on("liveness", { part: "moves" });
  await visit.page.locator('[data-move]:not([data-move=""])').waitFor();
  await audit(visit.page, "liveness-moves");
  await visit.end();
});

within(60, "screens of a session that does not pass are accessible", async () => {
  const flow = await idem.flow(["LDS"], { attempts: 2 }), session = await idem.open(flow);
  const visit = await Visit.begin(held, session), { page } = visit;
  held.camera.show("SCREEN");
  await visit.start();
  await visit.allow();
  await visit.on("result");
  await audit(page, "result-failed");
  await visit.press("retry");
  await visit.finished("failed");
  await audit(page, "finished-failed");
  await visit.end();
});

within(60, "screens of trouble are accessible", async () => {
  const unknown = await Visit.begin(held, randomUUID());
  await unknown.on("unknown");
  await audit(unknown.page, "unknown");
  await unknown.end([/^404/]);

  const session = await idem.open(await idem.flow(["DR"]));
  const visit = await Visit.begin(refused, session, { size: "desktop" }), { page } = visit;
  await visit.on("intro");
  await visit.press("handover");
  await visit.on("handover");
  await page.waitForFunction(() => document.querySelector("img.code")?.naturalWidth > 0);
  await audit(page, "handover");
  await visit.press("back");
  await visit.start();
  await visit.allow();
  await visit.on("problem", { problem: "camera-denied" });
  await audit(page, "camera-denied");
  await visit.upload(picture("selfie"));
  await visit.on("document", { part: "review" });
  await visit.press("submit");
  await visit.on("problem", { problem: "DOCUMENT_NOT_FOUND" });
  await audit(page, "problem");
  await visit.press("abort");
  const stay = page.getByRole("button", { name: text("abort.stay"), exact: true });
  await stay.waitFor();
  await audit(page, "abort");
  await page.getByRole("button", { name: text("abort.confirm"), exact: true }).click();
  await visit.finished("aborted");
  await audit(page, "finished-aborted");
  await visit.end([/^422/]);
});
