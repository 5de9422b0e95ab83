// The one section of the page that changes: what it shows and what is chosen on
// it. The names in data-screen and data-action are an interface: tests and the
// pages that embed this one rely on them.

import { h, type Child } from "./dom.ts";
import type { Step } from "./api.ts";

export type Screen = "loading" | "intro" | "primer" | "liveness" | "document" | "edocument" | "compare" | "result" | "problem" | "handover" | "finished";

export type Action = "start" | "allow-camera" | "capture" | "upload" | "retake" | "submit" | "retry" | "abort" | "handover" | "send-code" | "approve"
  | "add-page" | "files" | "code" | "back";

export interface Choice { action: Action; files: File[] }

export class Stage {
  readonly root = h("main", { class: "stage", "aria-busy": "true" });
  private readonly spoken = h("p", { class: "spoken", role: "status", "aria-live": "polite" });
  private readonly listeners = new Set<(choice: Choice) => void>();

  constructor() {
    this.root.addEventListener("click", event => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-action]") : null;
      if (button instanceof HTMLButtonElement && button.type !== "submit" && !("picker" in button.dataset)) this.press(button);
    });
    this.root.addEventListener("submit", event => {
      event.preventDefault();
      if (event.submitter) this.press(event.submitter);
    });
  }

  /** The line that screen readers say; it stands outside of what changes. */
  get voice(): HTMLElement { return this.spoken; }

  /** Says a line to screen readers, the same one again only after another. */
  say(text: string): void { if (this.spoken.textContent !== text) this.spoken.textContent = text; }

  /** Replaces what is shown. The focus goes to the title, so that readers and keyboards begin there. */
  show(screen: Screen, step: Step | null, title: string, ...children: Child[]): void {
    const heading = h("h1", { id: "title", tabindex: "-1" }, title);
    this.root.dataset.screen = screen;
    this.mark("step", step ? String(step.index) : null);
    this.mark("technology", step?.code ?? null);
    for (const name of ["problem", "part", "outcome"]) this.mark(name, null);
    this.root.setAttribute("aria-labelledby", "title");
    this.root.setAttribute("aria-busy", String(screen === "loading"));
    this.root.replaceChildren(heading);
    for (const child of children) if (child) this.root.append(child);
    document.title = title;
    if (document.hasFocus()) heading.focus({ preventScroll: true }); // a frame takes no focus from the page around it
    this.root.scrollTop = 0;
    window.scrollTo(0, 0);
  }

  /** Sets or removes a data attribute of the section. */
  mark(name: string, value: string | null): void {
    if (value === null) delete this.root.dataset[name];
    else this.root.dataset[name] = value;
  }

  /** Waits for one of the buttons. */
  chosen(signal: AbortSignal): Promise<Choice> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const done = (choice: Choice) => { this.listeners.delete(done); resolve(choice); };
      this.listeners.add(done);
      signal.addEventListener("abort", () => { this.listeners.delete(done); reject(signal.reason); }, { once: true });
    });
  }

  private press(button: HTMLElement): void { this.choose({ action: button.dataset.action as Action, files: [] }); }

  private choose(choice: Choice): void { for (const listen of [...this.listeners]) listen(choice); }

  /** A button that opens the file picker; the choice comes when files were picked. */
  picker(label: string, accept: string, options: { capture?: "user" | "environment"; multiple?: boolean; primary?: boolean } = {}): HTMLElement {
    const input = h("input", { type: "file", accept, capture: options.capture, multiple: options.multiple ?? false, class: "hidden", tabindex: "-1", "aria-hidden": "true" });
    input.addEventListener("change", () => {
      const files = [...input.files ?? []];
      input.value = "";
      if (files.length > 0) this.choose({ action: "upload", files });
    });
    return h("span", { class: "picker" }, button("upload", label, options.primary ? "primary" : "secondary", { "data-picker": true, onclick: () => input.click() }), input);
  }
}

/** A button whose action the stage reports. */
export function button(action: Action, label: string, kind: "primary" | "secondary" | "quiet" = "primary", more: Record<string, string | boolean | ((event: Event) => void)> = {}): HTMLButtonElement {
  return h("button", { type: "button", class: kind, "data-action": action, ...more }, label);
}

export function actions(...buttons: Child[]): HTMLElement { return h("div", { class: "actions" }, ...buttons); }

/** A list; what stands alone needs no point before it. */
export function list(items: string[]): HTMLElement | null {
  if (items.length === 1) return h("p", {}, items[0]);
  return items.length > 0 ? h("ul", { class: "advice" }, ...items.map(text => h("li", {}, text))) : null;
}
