// Cameras that are refused, missing or lost, and the files that stand in for them.

import { browser, idem, picture, text, Visit, within } from "../harness/visit.mjs";

const refused = browser({ permission: false }), missing = browser({ device: false });

async function begin(held, technologies, options) {
  const flow = await idem.flow(technologies), session = await idem.open(flow);
  const visit = await Visit.begin(held, session, options);
  await visit.start();
  return visit;
}

within(60, "a refused camera is named, with what to do, and a picture file takes its place", async () => {
  const visit = await begin(refused, ["LDS"]);
  await visit.allow();
  await visit.on("problem", { problem: "camera-denied" });
  await visit.reads(text("camera.denied.title"));
  await visit.reads(text("camera.denied.desktop"));
  await visit.press("retry");
  await visit.on("problem", { problem: "camera-denied" });
  await visit.upload(picture("selfie"));
  await visit.finished("passed");
  await visit.end();
});

within(60, "without a camera documents and faces are taken from files", async () => {
  const visit = await begin(missing, ["DR", "LDS", "F2F"]);
  await visit.allow();
  await visit.on("problem", { problem: "camera-missing" });
  await visit.reads(text("camera.missing.title"));
  await visit.upload(picture("document"));
  await visit.on("document", { part: "review" });
  await visit.press("submit");
  await visit.on("primer", { step: "1" });
  await visit.upload(picture("selfie"));
  await visit.finished("passed");
  await visit.end();
});

within(60, "moves cannot be uploaded: another device is offered instead", async () => {
  const visit = await begin(missing, ["LDHP"], { size: "desktop" });
  await visit.allow();
  await visit.on("problem", { problem: "camera-missing" });
  if (await visit.page.locator('[data-action="upload"]').count() > 0) throw new Error("moves are taken from files");
  await visit.press("handover");
  await visit.on("handover");
  await visit.page.waitForFunction(() => document.querySelector("img.code")?.naturalWidth > 0);
  await visit.press("back");
  await visit.on("problem", { problem: "camera-missing" });
  await visit.end();
});
