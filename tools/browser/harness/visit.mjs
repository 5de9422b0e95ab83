// A person who goes through the page of a session: waits for screens, presses
// buttons, and fails the test for anything that the page must not do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./browser.mjs";
import { eventually, Idem } from "./idem.mjs";

export const stage = process.env.STAGE;
export const idem = new Idem(process.env.IDEM_URL, process.env.IDEM_SECRET);
export const holder = JSON.parse(readFileSync(join(stage, "stage.json"), "utf8")).person;
export const chip = ["EF.SOD", "EF.DG1", "EF.DG2"].map(name => join(stage, "chip", name));
export const picture = name => join(stage, `${name}.jpg`);

const locales = join(dirname(fileURLToPath(import.meta.url)), "../../../internal/capture/ui/locales");
const texts = new Map();

/** What the page says for a key, in the language of a locale. */
export function text(key, values = {}, locale = "en") {
  if (!texts.has(locale)) texts.set(locale, JSON.parse(readFileSync(join(locales, `${locale}.json`), "utf8")));
  const found = texts.get(locale)[key];
  assert.ok(found, `no text ${key} in ${locale}`);
  return found.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A browser for the tests of a file; see openBrowser for options. */
export function browser(options) {
  const held = {};
  before(async () => { Object.assign(held, await openBrowser(stage, process.env.SCRATCH, options)); });
  afterEach(() => held.tidy());
  after(() => held.close?.());
  return held;
}

/** A test that fails when it takes longer than so many seconds. */
export function within(seconds, name, run) { test(name, { timeout: seconds * 1000 }, run); }

export class Visit {
  constructor(page, session) { this.page = page; this.session = session; }

  /** Opens the page of a session. options: those of the browser's pages, and query. */
  static async begin(held, session, { query = "locale=en", ...options } = {}) {
    const page = await held.page([idem.url], options);
    const visit = new Visit(page, session);
    await page.goto(`${idem.url}/flow/${session}?${query}`);
    return visit;
  }

  /** Waits for a screen. about: its data attributes, such as { part: "review" }. */
  async on(screen, about = {}, root = this.page) {
    const marks = Object.entries(about).map(([name, value]) => `[data-${name}="${value}"]`).join("");
    const found = root.locator(`main[data-screen="${screen}"]${marks}`);
    try {
      await found.waitFor();
    } catch {
      throw new Error(`waited for the screen ${screen} ${JSON.stringify(about)}, saw: ${await this.seen()}`);
    }
    return found;
  }

  seen() { return this.page.locator("main").evaluateAll(all => all.map(m => `${JSON.stringify(m.dataset)} ${m.innerText.replace(/\s+/g, " ")}`).join("; ")); }

  press(action) { return this.page.locator(`[data-action="${action}"]:visible`).first().click(); }

  /** Answers the picker behind a button with files. */
  async upload(files, action = "upload") {
    const asked = this.page.waitForEvent("filechooser");
    await this.press(action);
    await (await asked).setFiles(files);
  }

  /** Waits until the screen says so. */
  async reads(words, root = this.page) {
    try {
      await root.locator("main").getByText(words).first().waitFor();
    } catch {
      throw new Error(`waited for "${words}", saw: ${await this.seen()}`);
    }
  }

  /** Fails when the condition does not come to hold within the page. */
  async until(what, look) { await eventually(what, look, 30); }

  /** Goes on from the first screen to the first step. */
  async start() {
    await this.on("intro");
    await this.press("start");
  }

  /** From the explanation of the camera to its picture. */
  async allow(step) {
    await this.on("primer", step === undefined ? {} : { step });
    await this.press("allow-camera");
  }

  /** Gives the files of the holder's chip. */
  async giveChip() {
    await this.on("edocument", { part: "files" });
    await this.upload(chip);
  }

  /** Holds the holder's passport before the camera; the page takes its picture when it is good. Sends that. */
  async showPassport(camera) {
    camera.show("DOCUMENT");
    await this.allow();
    await this.on("document", { part: "review" });
    await this.press("submit");
  }

  /** The page leads to an address with the word that apps wait for. */
  async finished(outcome) {
    await this.on("finished", outcome === undefined ? {} : { outcome });
    await this.page.waitForURL(/finished/);
  }

  /** Closes the page and fails for what it did that it must not. */
  async end(allowed = []) {
    const faults = this.page.faults.filter(f => !allowed.some(a => a.test(f)));
    await this.page.context().close();
    assert.deepEqual(faults, []);
  }
}
