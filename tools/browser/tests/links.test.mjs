// Links that lead to no session, to one that is over, and back into one that is not.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { browser, idem, text, Visit, within } from "../harness/visit.mjs";

const held = browser();

within(30, "an unknown link is told so, in the language asked for", async () => {
  for (const locale of ["en", "ru", "kz"]) {
    const visit = await Visit.begin(held, randomUUID(), { query: `locale=${locale}` });
    await visit.on("unknown");
    await visit.reads(text("unknown.title", {}, locale));
    await visit.end([/^404 of .*\/flow\//]);
  }
});

within(60, "a session that is loaded again goes on where it was", async () => {
  const flow = await idem.flow(["ED", "LDS"]), session = await idem.open(flow);
  const visit = await Visit.begin(held, session);
  await visit.start();
  await visit.giveChip();
  await visit.on("primer", { step: "1" });
  await visit.page.reload();
  await visit.allow(1);
  await visit.on("liveness");
  await visit.page.goto("about:blank");
  await visit.page.goBack();
  await visit.allow(1);
  await visit.finished("passed");
  await visit.end();
});

within(60, "a session that has ended shows its end again, in another browser too", async () => {
  const flow = await idem.flow(["ED"]), session = await idem.open(flow);
  const visit = await Visit.begin(held, session);
  await visit.start();
  await visit.giveChip();
  await visit.finished("passed");
  await visit.end();
  const again = await Visit.begin(held, session);
  await again.finished("passed");
  await again.reads(text("finished.passed.title"));
  await again.end([/^410 of .*\/flow\//]);
});

within(60, "whoever stops is asked once, and needs a new link then", async () => {
  const flow = await idem.flow(["ED"]), session = await idem.open(flow);
  const visit = await Visit.begin(held, session);
  await visit.start();
  await visit.on("edocument");
  await visit.press("abort");
  await visit.page.getByRole("button", { name: text("abort.stay"), exact: true }).click();
  await visit.on("edocument");
  await visit.press("abort");
  await visit.page.getByRole("button", { name: text("abort.confirm"), exact: true }).click();
  await visit.finished("aborted");
  await visit.end();
  assert.equal((await idem.result(flow, session)).status, "FAILED");
});
