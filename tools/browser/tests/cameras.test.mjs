// Cameras that are refused, missing or lost, and the files that stand in for them.

import assert from "node:assert/strict";
import { audit } from "../harness/audit.mjs";
import { browser, idem, picture, text, Visit, within } from "../harness/visit.mjs";

const refused = browser({ permission: false }), missing = browser({ device: false }), several = browser({ device: 2 }), held = browser();

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

const shown = visit => visit.page.locator("video").evaluate(video => video.srcObject.getVideoTracks()[0].label);

within(60, "of several cameras one is chosen by its name, with the keyboard too, and is kept for the visit", async () => {
  const visit = await begin(several, ["LDS"], { size: "desktop" }), { page } = visit;
  await visit.allow();
  await visit.on("liveness", { part: "position" });
  const list = page.getByRole("combobox", { name: text("camera.choose"), exact: true });
  await list.waitFor();
  const names = await list.locator("option").allInnerTexts(), first = await shown(visit);
  assert.equal(names.length, 2);
  assert.equal(await list.evaluate(l => l.selectedOptions[0].text), first);
  const second = names.find(n => n !== first);
  await audit(page, "camera-list");
  await page.setViewportSize({ width: 1280, height: 800 });
  await list.focus();
  await page.keyboard.press(second === names[0] ? "Home" : "End");
  await page.waitForFunction(name => document.querySelector("video")?.srcObject?.getVideoTracks()[0].label === name && document.activeElement?.id === "camera", second);
  await page.reload();
  await visit.allow();
  await list.waitFor();
  assert.equal(await shown(visit), second);
  await visit.end();
});

/** In the page: two of Chromium's cameras as a telephone has them; it tells of none where it looks. */
function telephone() {
  const settings = MediaStreamTrack.prototype.getSettings, ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const wanted = new WeakMap();
  navigator.mediaDevices.getUserMedia = async asked => {
    const stream = await ask(asked);
    wanted.set(stream.getVideoTracks()[0], asked.video.facingMode.ideal);
    return stream;
  };
  MediaStreamTrack.prototype.getSettings = function () { return { ...settings.call(this), facingMode: wanted.get(this) }; };
}

within(60, "a telephone is turned to its other camera, and stays so", async () => {
  const visit = await begin(several, ["LDS"], { init: telephone }), { page } = visit;
  await visit.allow();
  await visit.on("liveness", { part: "position" });
  const mirrored = () => page.locator(".picture.mirrored").count();
  assert.equal(await mirrored(), 1);
  await page.getByRole("button", { name: text("camera.to.environment"), exact: true }).click();
  await visit.reads(text("camera.to.user"));
  assert.equal(await mirrored(), 0);
  await visit.on("liveness", { part: "position" });
  await page.reload();
  await visit.allow();
  await page.getByRole("button", { name: text("camera.to.user"), exact: true }).waitFor();
  assert.deepEqual(await page.evaluate(() => ({ ...sessionStorage })), { "idem.camera.user": "environment" });
  await audit(page, "camera-turn");
  await visit.end();
});

within(60, "with one camera there is nothing to choose", async () => {
  const visit = await begin(held, ["LDHP"], { size: "desktop" });
  held.camera.show("TABLE");
  await visit.allow();
  await visit.on("liveness", { part: "position" });
  await visit.reads(text("reason.face_not_found"));
  assert.equal(await visit.page.locator(".chooser:visible").count(), 0);
  await visit.end();
});
