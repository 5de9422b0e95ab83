// <idem-capture session="…" locale="…" [web-view] [no-handover]>: one session, from wherever
// it stands to its end.

import { child, sleep } from "./abort.ts";
import { Api, Refusal, type State, type Step } from "./api.ts";
import { h } from "./dom.ts";
import type { Page, StepScreen } from "./page.ts";
import { documents } from "./screens/document.ts";
import { electronic } from "./screens/edocument.ts";
import { Moved } from "./screens/handover.ts";
import { liveness } from "./screens/liveness.ts";
import { compare, finished, foreign, intro, problem } from "./screens/others.ts";
import { resending, result } from "./screens/waiting.ts";
import { Stage } from "./stage.ts";
import { current, ended, progress } from "./steps.ts";
import { Texts } from "./texts.ts";

/** The session must be looked at anew: it was aborted, ran out of time, or went on elsewhere. */
class Interrupted extends Error {}

const warnBefore = 5 * 60_000; // milliseconds before the end at which the remaining time is shown

function data<T>(id: string): T { return JSON.parse(document.getElementById(id)?.textContent ?? "{}") as T; }

class IdemCapture extends HTMLElement implements Page {
  readonly stage = new Stage();
  readonly texts = new Texts(data<Record<string, string>>("texts"));
  readonly languages = data<Page["languages"]>("languages");
  readonly drafts = new Map<number, Blob[]>();
  api!: Api;
  state!: State;
  /** Ends when the element leaves the page. */
  private life = new AbortController();
  /** Ends with what is shown. */
  private turn = new AbortController();
  private again = false;
  private readonly steps = h("div", { class: "progress" });
  private readonly clock = h("p", { class: "clock", hidden: true });
  private readonly offline = h("p", { class: "offline", role: "status", hidden: true });
  private readonly abortButton = h("button", { type: "button", class: "quiet", "data-action": "abort", hidden: true, onclick: () => void this.askToAbort() });
  private readonly demo = h("p", { class: "demo", hidden: true });

  get session(): string { return this.getAttribute("session") ?? ""; }
  get locale(): string { return this.getAttribute("locale") ?? "en"; }
  get webView(): boolean { return this.hasAttribute("web-view"); }
  get handsOver(): boolean { return !this.hasAttribute("no-handover"); }

  connectedCallback(): void {
    this.life = new AbortController();
    this.api = new Api(this.session, () => resending(this));
    this.abortButton.textContent = this.texts.say("abort");
    this.demo.textContent = this.texts.say("demo");
    this.offline.textContent = this.texts.say("offline");
    this.replaceChildren(h("header", {}, this.demo, h("div", { class: "bar" }, this.steps, this.clock, this.abortButton), this.offline), this.stage.root, this.stage.voice);
    this.watchNetwork();
    const ticking = setInterval(() => this.tick(), 1000);
    this.life.signal.addEventListener("abort", () => clearInterval(ticking), { once: true });
    void this.run();
  }

  disconnectedCallback(): void { this.life.abort(new Interrupted()); }

  /** A phone is better at this than a desk: a fine pointer, no touch, not in an app. */
  offersHandover(): boolean { return this.handsOver && !this.webView && !matchMedia("(any-pointer: coarse)").matches; }

  private async run(): Promise<void> {
    this.stage.show("loading", null, this.texts.say("loading"), h("div", { class: "spinner" }));
    for (let known = false; !this.life.signal.aborted;) {
      this.turn = child(this.life.signal);
      try {
        if (!known) this.state = await this.api.state(this.turn.signal);
        known = true;
        this.refresh();
        if (this.over()) return this.end();
        this.state = await this.advance(this.turn.signal);
      } catch (e) {
        known = e instanceof Moved;
        if (!await this.recover(e)) return;
      } finally {
        this.turn.abort(new Interrupted());
      }
    }
  }

  private over(): boolean { return ended(this.state) || this.left() <= 0; }

  /** Milliseconds until the session expires, by the server's clock. */
  private left(): number { return Date.parse(this.state.expires_at) - (Date.now() + this.api.skew); }

  /** One step onwards; resolves with the state behind it. */
  private async advance(signal: AbortSignal): Promise<State> {
    if (this.state.status === "NEW") return intro(this, signal);
    const step = current(this.state);
    if (!step) return this.api.state(signal);
    const screen = screens[step.code];
    if (!screen) {
      await foreign(this, step, signal);
      return this.api.state(signal);
    }
    const state = await screen(this, step, signal, this.again);
    this.again = false;
    await this.tell(state, step, signal);
    return this.state;
  }

  /** Tells the outcome of an attempt. */
  private async tell(state: State, step: Step, signal: AbortSignal): Promise<void> {
    this.state = state;
    this.refresh();
    if (ended(state) || !state.outcome) return;
    if (state.outcome.passed) {
      this.stage.say(this.texts.say("step.passed", { name: this.texts.say(`step.${step.code}`) }));
      return;
    }
    await result(this, step, signal);
    this.again = true;
  }

  /** Says what went wrong and waits until there is sense in going on; false when there is none. */
  private async recover(e: unknown): Promise<boolean> {
    if (this.life.signal.aborted) return false;
    if (e instanceof Interrupted || e instanceof Moved) return true;
    if (e instanceof Refusal && ["SESSION_STATE", "SESSION_EXPIRED", "RESULT_EXISTS", "CHALLENGE_REQUIRED"].includes(e.code)) {
      await sleep(300, this.life.signal).catch(() => undefined);
      return true; // the session is elsewhere than this page thought
    }
    const wait = child(this.life.signal);
    this.turn = wait;
    try {
      await problem(this, this.state ? current(this.state) : null, e, wait.signal);
    } catch { /* interrupted: look anew */ }
    wait.abort();
    this.again = true;
    return true;
  }

  private refresh(): void {
    const running = !this.over();
    this.demo.hidden = !this.state.is_demo;
    this.abortButton.hidden = !running || this.state.status === "NEW";
    this.steps.replaceChildren(...this.state.status === "PROGRESS" ? [progress(this)] : []);
    this.classList.toggle("running", running);
  }

  private tick(): void {
    if (!this.state || ended(this.state)) { this.clock.hidden = true; return; }
    const left = this.left();
    this.clock.hidden = left > warnBefore || left <= 0;
    const seconds = Math.max(0, Math.round(left / 1000));
    this.clock.textContent = this.texts.say("clock", { time: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` });
    if (seconds === 300 || seconds === 60) this.stage.say(this.clock.textContent);
    if (left <= 0 && this.classList.contains("running")) this.turn.abort(new Interrupted());
  }

  private watchNetwork(): void {
    const show = () => { this.offline.hidden = navigator.onLine; };
    for (const name of ["online", "offline"]) window.addEventListener(name, show, { signal: this.life.signal });
    show();
  }

  private async askToAbort(): Promise<void> {
    const { texts } = this;
    const dialog = h("dialog", { class: "confirm", "aria-labelledby": "abort-title" }, h("h2", { id: "abort-title" }, texts.say("abort.title")), h("p", {}, texts.say("abort.text")),
      h("form", { method: "dialog", class: "actions" }, h("button", { value: "stay", class: "primary", "data-confirm": "stay" }, texts.say("abort.stay")),
        h("button", { value: "abort", class: "danger", "data-confirm": "abort" }, texts.say("abort.confirm"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "abort") void this.abort();
    }, { once: true });
    this.append(dialog);
    dialog.showModal();
  }

  private async abort(): Promise<void> {
    try {
      this.state = await this.api.abort(this.life.signal);
    } catch { /* looked at anew below */ }
    this.turn.abort(new Interrupted());
  }

  /** The end: the address says so, and whoever shows this page is told. */
  private end(): void {
    const path = `/flow/${this.session}/finished`;
    finished(this);
    this.announce();
    if (location.pathname === path) return;
    if (this.webView && ended(this.state)) location.replace(path + location.search); // apps watch for pages that are loaded
    else history.replaceState(null, "", path + location.search);
  }

  /** The message holds nothing that the receiver could not know: the session's identifier opened this page. */
  private announce(): void {
    const status = ended(this.state) ? this.state.status : "EXPIRED";
    const message = { type: "idem.finish", session_id: this.session, status, passed: this.state.status === "FINISHED" };
    if (window.parent !== window) window.parent.postMessage(message, "*");
    const opener = window.opener as Window | null;
    if (opener && opener !== window) opener.postMessage(message, "*");
  }
}

const screens: Record<string, StepScreen | undefined> = {
  LDS: liveness, LDHP: liveness, LDD: liveness, LDP: liveness, DR: documents, ED: electronic, F2F: compare,
};

customElements.define("idem-capture", IdemCapture);
