// Getting the camera, or the files that stand in for it.

import { child } from "../abort.ts";
import { Camera, CameraError, forbiddenByFrame, permission, type Facing } from "../camera.ts";
import type { Step } from "../api.ts";
import { Changed, chooser, forget, wish } from "../chooser.ts";
import { h } from "../dom.ts";
import type { Page } from "../page.ts";
import { actions, button, list } from "../stage.ts";
import { handover } from "./handover.ts";

export interface Wanted {
  facing: Facing;
  title: string;
  text: string;
  advice: string[];
  /** Whether picture files are taken instead. */
  upload: boolean;
  multiple: boolean;
}

/** What is made of the camera's pictures, or of files that stand in for them. */
export interface Uses<T> {
  /** The camera may go away, or another one be chosen, at any time: then the signal ends. */
  camera(camera: Camera, signal: AbortSignal, chooser: HTMLElement): Promise<T>;
  files(files: File[]): Promise<T>;
}

/** Explains why the camera is needed, asks for it and uses it; says what to do when there is none, or none any more. */
export async function withView<T>(page: Page, step: Step, wanted: Wanted, explain: boolean, signal: AbortSignal, use: Uses<T>): Promise<T> {
  let files = explain ? await primer(page, step, wanted, signal) : [];
  for (let changed = false; ;) {
    if (files.length > 0) return use.files(files);
    try {
      waiting(page, step);
      return await withCamera(page, wanted.facing, changed, signal, use);
    } catch (e) {
      changed = e instanceof Changed;
      if (changed) continue;
      if (!(e instanceof CameraError)) throw e;
      forget(wanted.facing);
      files = await explainFault(page, step, wanted, e, signal);
    }
  }
}

async function withCamera<T>(page: Page, facing: Facing, changed: boolean, signal: AbortSignal, use: Uses<T>): Promise<T> {
  const camera = await Camera.open(wish(facing));
  const own = child(signal); // ended already if the page turned meanwhile: every wait in use rejects
  try {
    camera.onlost(() => own.abort(new CameraError("lost")));
    return await use.camera(camera, own.signal, chooser(page, camera, facing, changed, own.signal, () => own.abort(new Changed())));
  } finally {
    own.abort();
    camera.close();
  }
}

function waiting(page: Page, step: Step): void {
  const { stage, texts } = page;
  stage.show("primer", step, texts.say("camera.waiting"), h("p", {}, texts.say("camera.waiting.text")), h("div", { class: "spinner" }));
  stage.mark("part", "waiting");
}

/** Resolves with files, or with none when the camera may be asked for. */
async function primer(page: Page, step: Step, wanted: Wanted, signal: AbortSignal): Promise<File[]> {
  const { stage, texts } = page;
  for (;;) {
    const asks = await permission() !== "granted";
    stage.show("primer", step, wanted.title, h("p", {}, wanted.text), list(wanted.advice),
      asks && h("p", { class: "note" }, texts.say("camera.primer")),
      actions(button("allow-camera", texts.say("camera.allow")), upload(page, wanted), page.offersHandover() && button("handover", texts.say("handover.offer"), "quiet")));
    const choice = await stage.chosen(signal);
    if (choice.action === "handover") await handover(page, signal);
    else return choice.files;
  }
}

function upload(page: Page, wanted: Wanted, primary = false): HTMLElement | null {
  if (!wanted.upload) return null;
  return page.stage.picker(page.texts.say(wanted.facing === "user" ? "upload.selfie" : "upload.document"), "image/*",
    { multiple: wanted.multiple, primary, ...(wanted.facing === "user" ? { capture: "user" as const } : {}) });
}

async function explainFault(page: Page, step: Step, wanted: Wanted, e: CameraError, signal: AbortSignal): Promise<File[]> {
  const { stage, texts } = page;
  const blocked = e.fault === "insecure" || e.fault === "unsupported" || e.fault === "frame" || e.fault === "missing";
  for (;;) {
    const instead = upload(page, wanted, blocked), retry = button("retry", texts.say("retry"), blocked && wanted.upload ? "secondary" : "primary");
    stage.show("problem", step, texts.say(`camera.${e.fault}.title`), h("p", {}, texts.say(`camera.${e.fault}.text`)), list(advice(page, e)),
      actions(...blocked ? [instead, retry] : [retry, instead], (page.offersHandover() || blocked && page.handsOver) && button("handover", texts.say("handover.offer"), "quiet")));
    stage.mark("problem", `camera-${e.fault}`);
    const choice = await stage.chosen(signal);
    if (choice.action === "handover") await handover(page, signal);
    else return choice.files;
  }
}

/** What to do about it: a line for each key camera.FAULT.N, for denied ones by the system in use. */
function advice(page: Page, e: CameraError): string[] {
  const { texts } = page;
  if (e.fault === "denied") return [texts.say(`camera.denied.${system()}`), texts.say("camera.denied.reload")];
  if (e.fault === "dismissed" && window !== window.top && !forbiddenByFrame()) return [texts.say("camera.frame.text")];
  const lines: string[] = [];
  for (let n = 1; texts.has(`camera.${e.fault}.${n}`); n++) lines.push(texts.say(`camera.${e.fault}.${n}`));
  return lines;
}

function system(): "ios" | "android" | "desktop" {
  const agent = navigator.userAgent;
  if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return "ios";
  return /Android/.test(agent) ? "android" : "desktop";
}
