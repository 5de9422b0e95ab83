// What is looked at on every screen: the rules of accessibility, the width, and
// pictures for whoever wants to see them.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { sizes } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = process.env.SCREENSHOTS;
if (folder) mkdirSync(folder, { recursive: true });

/** Looks at a screen in the light and in the dark, on telephones and on a desk. Fails for what is serious or critical, and for what is wider than the screen. */
export async function audit(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const [size, viewport] of Object.entries(sizes)) {
      await page.setViewportSize(viewport);
      await fits(page, `${name} on ${size}`);
      if (folder) await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true });
      if (size !== "small") await accessible(page, `${name}, ${size}, ${colorScheme}`);
    }
  }
  await page.setViewportSize(sizes.phone);
}

/** Fails for what is wider than the screen. */
export async function fits(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${name} is ${wide} pixels too wide`);
}

async function accessible(page, name) {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.ok(passes.length > 5, `${name}: only ${passes.length} rules were tried`);
  const grave = violations.filter(v => v.impact === "serious" || v.impact === "critical").map(v => `${v.id}: ${v.help}: ${v.nodes.map(n => `${n.html} (${n.failureSummary})`).join("; ")}`);
  assert.deepEqual(grave, [], name);
}
