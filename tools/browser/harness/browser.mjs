// Chromium with a fake camera, and the watch over what its pages do.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Camera } from "./camera.mjs";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--force-color-profile=srgb"];

export const sizes = { phone: { width: 360, height: 740 }, small: { width: 320, height: 568 }, desktop: { width: 1280, height: 800 } };

/**
 * Starts a browser of its own with a camera that shows the holder. options:
 * device false for a computer without a camera, or how many cameras there are
 * with Chromium's own moving pattern; permission false for a person who refuses it.
 */
export async function openBrowser(stage, scratch, { device = true, permission = true } = {}) {
  const folder = mkdtempSync(join(scratch, "browser-"));
  const film = join(folder, "camera.y4m");
  const camera = device === true ? new Camera(stage, film) : null;
  const args = [...flags];
  if (camera) args.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`);
  else if (device) args.push(`--use-fake-device-for-media-stream=device-count=${device}`);
  if (permission) args.push("--use-fake-ui-for-media-stream");
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args, timeout: 60_000 });
  return {
    camera,
    /** A page of a fresh profile, watched over. Faults are collected in page.faults. */
    page: (url, options = {}) => openPage(browser, url, camera, options),
    /** Closes the pages that a test left open. */
    tidy: () => Promise.all(browser.contexts().map(c => c.close())),
    close: async () => {
      await browser.close();
      camera?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function openPage(browser, origins, camera, { size = "phone", dark = false, locale = "en-GB", deny = false, init } = {}) {
  const context = await browser.newContext({ viewport: sizes[size], colorScheme: dark ? "dark" : "light", locale, reducedMotion: "reduce", hasTouch: size !== "desktop", isMobile: size !== "desktop" });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.faults = [];
  watch(page, Array.isArray(origins) ? origins : [origins]);
  if (deny) await refuseCamera(context, page, origins);
  if (camera) await page.exposeFunction("idemMoveAsked", move => camera.follow(move));
  await page.addInitScript(lookOut);
  if (process.env.TRACE) await page.addInitScript(tell);
  if (init) await page.addInitScript(init);
  return page;
}

/** Faults are console errors, exceptions, violations of the page's policy, and requests to anybody else. */
function watch(page, origins) {
  const known = request => origins.some(o => request.url().startsWith(`${o}/`)) || /^(data|blob|about):/.test(request.url());
  page.on("console", message => {
    if (process.env.TRACE) console.log(new Date().toISOString(), message.text());
    if (message.type() === "error" && !/^Failed to load resource/.test(message.text()) || /Content.Security.Policy/i.test(message.text())) page.faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", error => page.faults.push(`exception: ${error.stack}`));
  page.on("request", request => { if (!known(request)) page.faults.push(`request to ${request.url()}`); });
  page.on("response", answer => { if (answer.status() >= 400) page.faults.push(`${answer.status()} of ${answer.url()}`); });
  page.on("crash", () => page.faults.push("the page crashed"));
}

async function refuseCamera(context, page, origin) {
  const session = await context.newCDPSession(page);
  await session.send("Browser.setPermission", { permission: { name: "camera" }, setting: "denied", origin });
}

/** In the page: tells the camera which move is asked for, and keeps violations of the policy for the console. */
function lookOut() {
  document.addEventListener("securitypolicyviolation", e => console.error(`Content-Security-Policy: ${e.violatedDirective} ${e.blockedURI}`));
  let last = null;
  new MutationObserver(() => {
    const order = document.querySelector("[data-move]");
    const move = order ? order.dataset.move : null;
    if (move === last) return;
    last = move;
    window.idemMoveAsked?.(move);
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-move"] });
}

/** In the page: writes what the screen says to the console. */
function tell() {
  let before = "";
  setInterval(() => {
    const main = document.querySelector("main"), now = main ? `${JSON.stringify(main.dataset)} ${main.innerText.replace(/\s+/g, " ")}` : "";
    if (now !== before) console.log(before = now);
  }, 30);
}
