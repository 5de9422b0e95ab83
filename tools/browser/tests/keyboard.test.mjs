// A session without a mouse and without touching: Tab and Enter alone.

import assert from "node:assert/strict";
import { browser, chip, idem, text, Visit, within } from "../harness/visit.mjs";

const held = browser();

/** Tabs from the title to a button, which must show that it has the focus, and presses it. */
async function press(visit, action) {
  const { page } = visit;
  const focused = () => page.evaluate(() => ({ action: document.activeElement?.dataset?.action ?? null, outline: getComputedStyle(document.activeElement).outlineStyle }));
  const passed = [];
  for (let n = 0; n < 25; n++) {
    await page.keyboard.press("Tab");
    const { action: at, outline } = await focused();
    passed.push(at);
    if (at !== action) continue;
    assert.notEqual(outline, "none", `nothing shows that ${action} has the focus`);
    await page.keyboard.press("Enter");
    return;
  }
  throw new Error(`Tab does not lead to ${action}, but through ${passed}`);
}

async function titled(visit) {
  assert.equal(await visit.page.evaluate(() => document.activeElement?.id), "title", "a new screen takes the focus to its title");
}

within(60, "a whole session is gone through with the keyboard alone", async () => {
  const flow = await idem.flow(["ED", "LDS", "DR", "F2F"]), session = await idem.open(flow);
  const visit = await Visit.begin(held, session, { size: "desktop" }), { page } = visit;
  await visit.on("intro");
  await titled(visit);
  await press(visit, "start");
  await visit.on("edocument");
  await titled(visit);
  const asked = page.waitForEvent("filechooser");
  await press(visit, "upload");
  await (await asked).setFiles(chip);
  await visit.on("primer", { step: "1" });
  await titled(visit);
  await press(visit, "allow-camera");
  await visit.on("primer", { step: "2" });
  held.camera.show("DOCUMENT");
  await press(visit, "allow-camera");
  await visit.on("document", { part: "review" });
  await titled(visit);
  await press(visit, "submit");
  await visit.finished("passed");
  await titled(visit);
  await visit.end();
});

within(30, "a dialogue keeps the focus, is left by Escape, and gives the focus back", async () => {
  const session = await idem.open(await idem.flow(["ED"]));
  const visit = await Visit.begin(held, session, { size: "desktop" }), { page } = visit;
  await visit.start();
  await visit.on("edocument");
  await press(visit, "abort");
  await page.getByRole("button", { name: text("abort.stay"), exact: true }).waitFor();
  for (let n = 0; n < 6; n++) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null));
  }
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  assert.equal(await page.evaluate(() => document.activeElement?.dataset?.action), "abort");
  await visit.end();
});
