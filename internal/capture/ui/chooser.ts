// Where there are several cameras: changing to another one, which is remembered
// as long as the tab is open.

import type { Camera, Facing, Wish } from "./camera.ts";
import { h } from "./dom.ts";
import type { Page } from "./page.ts";

/** A camera that was chosen by its name serves for everything, a side of a telephone only for what it was chosen for. */
const deviceKey = "idem.camera", facingKey = (wanted: Facing) => `${deviceKey}.${wanted}`;

function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // a frame whose site may keep nothing
  }
}

function keep(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch { /* it holds until the next screen */ }
}

/** The camera to ask for where one that looks so is wanted. */
export function wish(wanted: Facing): Wish {
  const facing = recall(facingKey(wanted));
  return { facing: facing === "user" || facing === "environment" ? facing : wanted, device: recall(deviceKey) ?? undefined };
}

/** Forgets a choice that gave no picture. */
export function forget(wanted: Facing): void {
  keep(deviceKey, null);
  keep(facingKey(wanted), null);
}

/** What ends the use of one camera for that of another. */
export class Changed extends Error {}

/**
 * A control to change to another camera: on a telephone a button to the other side, on a desk a list of names. Empty
 * and hidden where there is one camera. changed is called when another one was chosen; it takes the focus when the one
 * before was.
 */
export function chooser(page: Page, camera: Camera, wanted: Facing, focused: boolean, signal: AbortSignal, changed: () => void): HTMLElement {
  const root = h("div", { class: "chooser", hidden: true });
  const choose = (key: string, value: string) => { keep(key, value); changed(); };
  const fill = async () => {
    const all = (await navigator.mediaDevices.enumerateDevices()).filter(d => d.kind === "videoinput");
    if (signal.aborted) return;
    const touched = matchMedia("(any-pointer: coarse)").matches;
    root.hidden = all.length < 2;
    if (root.hidden || root.contains(document.activeElement)) return;
    root.replaceChildren(...camera.facing && touched ? turnRound(page, camera.facing, to => choose(facingKey(wanted), to)) : byName(page, camera, all, to => choose(deviceKey, to)));
    if (focused) root.querySelector<HTMLElement>("button, select")?.focus({ preventScroll: true });
  };
  navigator.mediaDevices.addEventListener("devicechange", () => void fill(), { signal });
  void fill();
  return root;
}

function turnRound(page: Page, facing: Facing, choose: (to: Facing) => void): HTMLElement[] {
  const other = facing === "user" ? "environment" : "user";
  return [h("button", { type: "button", class: "quiet", "data-camera": other, onclick: () => choose(other) }, page.texts.say(`camera.to.${other}`))];
}

function byName(page: Page, camera: Camera, all: MediaDeviceInfo[], choose: (device: string) => void): HTMLElement[] {
  const select = h("select", { id: "camera", "data-camera": "list", onchange: () => choose(select.value) },
    ...all.map((d, i) => h("option", { value: d.deviceId, selected: d.deviceId === camera.device }, d.label || page.texts.say("camera.number", { n: i + 1 }))));
  return [h("label", { for: "camera" }, page.texts.say("camera.choose")), select];
}
