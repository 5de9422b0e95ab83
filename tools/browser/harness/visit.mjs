// A person who goes through the page of a session: waits for screens, presses
// buttons, and fails the test for anything that the page must not do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBrowser } from "./browser.mjs";
import { Idem } from "./idem.mjs";

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

/** A browser for the tests of a file; see openBrowser for options. Its pages are closed after each test, unless keep is set. */
export function browser({ keep = false, ...options } = {}) {
  const opened = openBrowser(stage, process.env.SCRATCH, options);
  const held = { page: async (...asked) => (await opened).page(...asked) }; // for other hooks, which do not wait for this one
  before(async () => { Object.assign(held, await opened); });
  if (!keep) afterEach(() => held.tidy());
  after(() => held.close?.());
  return held;
}

/** A test that fails when it takes longer than so many seconds. */
export function within(seconds, name, run) { test(name, { timeout: seconds * 1000 }, run); }

export class Visit {
  /** root is where the page of the session is: the page itself, or a frame in it. */
  constructor(page, session, root = page) { Object.assign(this, { page, session, root }); }

  /** Opens the page of a session. options: those of the browser's pages, and query. */
  static async begin(held, session, { query = "locale=en", ...options } = {}) {
    const page = await held.page([idem.url], options);
    const visit = new Visit(page, session);
    await page.goto(`${idem.url}/flow/${session}?${query}`);
    return visit;
  }

  /** Waits for a screen. about: its data attributes, such as { part: "review" }. */
  async on(screen, about = {}) {
    const marks = Object.entries({ screen, ...about }).map(([name, value]) => `[data-${name}="${value}"]`).join("");
    const found = this.root.locator(`main${marks}`);
    try {
      await found.waitFor();
    } catch {
      throw new Error(`waited for the screen ${screen} ${JSON.stringify(about)}, saw: ${await this.seen()}`);
    }
    return found;
  }

  seen() { return this.root.locator("main").evaluateAll(all => all.map(m => `${JSON.stringify(m.dataset)} ${m.innerText.replace(/\s+/g, " ")}`).join("; ")); }

  press(action) { return this.root.locator(`[data-action="${action}"]:visible`).first().click(); }

  /** Answers the picker behind a button with files. */
  async upload(files, action = "upload") {
    const asked = this.page.waitForEvent("filechooser");
    await this.press(action);
    await (await asked).setFiles(files);
  }

  /** Waits until the screen says so. */
  async reads(words) {
    try {
      await this.root.locator("main").getByText(words).first().waitFor();
    } catch {
      throw new Error(`waited for "${words}", saw: ${await this.seen()}`);
    }
  }

  /** Waits until the camera has shown so many more pictures. */
  pictures(n) {
    return this.root.locator("video").evaluate((video, n) => new Promise(seen => {
      const next = () => { if (n-- > 0) video.requestVideoFrameCallback(next); else seen(); };
      next();
    }), n);
  }

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
