// The three languages, apps' web views, and the address that apps wait for.

import assert from "node:assert/strict";
import { audit, fits } from "../harness/audit.mjs";
import { browser, idem, text, Visit, within } from "../harness/visit.mjs";

const held = browser();
const lang = { kz: "kk", ru: "ru", en: "en" };

for (const locale of Object.keys(lang)) {
  within(60, `in ${locale} every screen of a session is in that language, inside an app too`, async () => {
    const flow = await idem.flow(["ED", "LDS"]), session = await idem.open(flow);
    const visit = await Visit.begin(held, session, { query: `locale=${locale}&web_view=true`, size: "small" });
    await visit.on("intro");
    await fits(visit.page, "intro");
    assert.equal(await visit.page.locator("html").getAttribute("lang"), lang[locale]);
    await visit.reads(text("intro.title", {}, locale));
    await visit.press("start");
    await visit.on("edocument");
    await visit.reads(text("edocument.files.title", {}, locale));
    await fits(visit.page, "edocument");
    await visit.giveChip();
    await visit.on("primer");
    await fits(visit.page, "primer");
    await visit.reads(text("primer.LDS.title", {}, locale));
    await visit.allow(1);
    await visit.finished("passed");
    await visit.reads(text("finished.passed.title", {}, locale));
    await visit.reads(text("finished.app", {}, locale));
    await fits(visit.page, "finished");
    assert.match(visit.page.url(), /^http:\/\/127\.0\.0\.1:\d+\/flow\/[0-9a-f-]{36}\/finished/);
    await visit.end();
  });
}

within(30, "the language can be changed on the first screen, and stays", async () => {
  const flow = await idem.flow(["ED"]), session = await idem.open(flow);
  const visit = await Visit.begin(held, session);
  await visit.on("intro");
  await visit.page.getByRole("link", { name: "Русский" }).click();
  await visit.reads(text("intro.title", {}, "ru"));
  await visit.start();
  await visit.on("edocument");
  await visit.reads(text("edocument.files.title", {}, "ru"));
  await visit.page.reload();
  await visit.reads(text("edocument.files.title", {}, "ru"));
  await visit.end();
});

within(60, "a language that the operator added is one like the others, from right to left too", async () => {
  const session = await idem.open(await idem.flow(["ED", "LDS"]), {}, "ar");
  const visit = await Visit.begin(held, session, { query: "" }), { page } = visit;
  await visit.on("intro");
  const html = page.locator("html");
  assert.deepEqual([await html.getAttribute("lang"), await html.getAttribute("dir")], ["ar", "rtl"]);
  await visit.reads(`نص: ${text("intro.title")}`);
  assert.equal(await page.getByRole("link", { name: "العربية" }).getAttribute("aria-current"), "true");
  await audit(page, "operators-language");
  await visit.press("start");
  await visit.giveChip();
  await visit.on("primer");
  await audit(page, "operators-language-primer");
  held.camera.show("TABLE");
  await visit.allow(1);
  await visit.reads(`نص: ${text("reason.face_not_found")}`);
  await audit(page, "operators-language-camera");
  held.camera.show("HOLDER");
  await visit.finished("passed");
  await visit.end();
  await assert.rejects(idem.open(await idem.flow(["ED"]), {}, "xx"), /ar, en, kz, ru/);
});

within(30, "without a wish the browser's own language is taken", async () => {
  for (const [wanted, locale] of [["kk-KZ", "kz"], ["ru-RU", "ru"], ["de-DE", "en"]]) {
    const session = await idem.open(await idem.flow(["ED"]));
    const visit = await Visit.begin(held, session, { query: "", locale: wanted });
    await visit.on("intro");
    await visit.reads(text("intro.title", {}, locale));
    await visit.end();
  }
});
