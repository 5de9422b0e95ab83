// Liveness: the face at rest (LDS), and moves of the head and of distance.

import { child, sleep } from "../abort.ts";
import { type Face, type Guidance, type Move, type State, type Step } from "../api.ts";
import { shrink, type Camera } from "../camera.ts";
import { h } from "../dom.ts";
import { choose, formOf, mostFrames, type Frame } from "../frames.ts";
import { guidance, guideQuality, guideSide } from "../guide.ts";
import { isFrontal, isTurn, Tracker, type Seen } from "../moves.ts";
import type { Page } from "../page.ts";
import { actions, button } from "../stage.ts";
import { moveSign, sizeFault, Viewfinder } from "../viewfinder.ts";
import { checking } from "./waiting.ts";
import { withView, type Wanted } from "./viewing.ts";

const frameSide = 800, frameQuality = 0.85; // of the pictures that are judged
const period = 150; // milliseconds between pictures: six to seven a second
const mostKept = 240; // pictures before the older ones are thinned out
const stillFrames = 5; // of a face at rest: from five on the median decides
const steady = 2; // good answers in a row before it begins by itself
const mostRestarts = 5; // within one attempt
const patience = 100_000; // milliseconds for the moves; the challenge is good for 120 seconds

export async function liveness(page: Page, step: Step, signal: AbortSignal, again: boolean): Promise<State> {
  const form = await withView(page, step, wanted(page, step), !again, signal, {
    files: async files => {
      const form = new FormData();
      for (const file of files.slice(0, 1)) form.append("image", await shrink(file), "selfie.jpg");
      return form;
    },
    camera: async (camera, own, chooser) => {
      const shot = new Shot(page, step, camera, own, chooser);
      return formOf(step.code === "LDS" ? await shot.still() : await shot.moves());
    },
  });
  checking(page, step, "liveness");
  return page.api.submit(step, form, signal);
}

function wanted(page: Page, step: Step): Wanted {
  const { texts } = page;
  return { facing: "user", title: texts.say(`primer.${step.code}.title`), text: texts.say(`primer.${step.code}.text`),
    advice: [texts.say("primer.face.1"), texts.say("primer.face.2"), texts.say("primer.face.3")], upload: step.code === "LDS", multiple: false };
}

/** One picture that was kept, and what the server said of it. */
interface Kept extends Frame { face?: Face | null }

/** One attempt in front of the camera. */
class Shot {
  private readonly finder: Viewfinder;
  private readonly order = h("p", { class: "order" });
  private readonly sign = h("div", { class: "sign-box" });
  private frames: Kept[] = [];
  /** Whether the server answers for guidance. */
  private guided = true;

  constructor(private readonly page: Page, private readonly step: Step, private readonly camera: Camera, private readonly signal: AbortSignal,
    private readonly chooser: HTMLElement) {
    this.finder = new Viewfinder(camera, page.texts.say("camera.preview"));
  }

  /** Pictures of a face at rest. */
  async still(): Promise<Frame[]> {
    this.show("position");
    await this.position([]);
    this.tell("liveness.still", "good");
    await this.record(async () => {
      while (this.frames.length < stillFrames) await sleep(period, this.signal);
    });
    return this.frames.slice(0, stillFrames);
  }

  /** Pictures of the moves that the server asks for. */
  async moves(): Promise<Frame[]> {
    this.show("position");
    await this.position([]);
    for (let n = 0; ; n++) {
      const asked = (await this.page.api.challenge(this.step.index, this.signal)).challenge?.moves ?? [];
      if (n > 0) this.show("position");
      if (n > 0 || this.guided && asked.some(m => !isTurn(m))) await this.position(asked); // without guidance the button was pressed
      this.show("moves");
      const made = await this.record(() => this.guided ? this.follow(asked, n >= mostRestarts) : this.prompt(asked));
      if (made) return choose(this.frames, mostFrames);
      await this.restarting();
    }
  }

  private show(part: "position" | "moves"): void {
    const { stage, texts } = this.page;
    stage.show("liveness", this.step, texts.say(`liveness.${part}.title`), part === "moves" && h("div", { class: "cue" }, this.sign, this.order), this.finder.root,
      part === "position" && this.chooser, part === "position" && actions(button("capture", texts.say(this.step.code === "LDS" ? "liveness.capture" : "liveness.begin"), "secondary")));
    stage.mark("part", part);
    this.finder.face();
  }

  /** Shows a line over the picture and says it. */
  private tell(key: string, tone: "neutral" | "good" | "bad"): void { this.line(this.page.texts.say(key), tone); }

  private line(text: string, tone: "neutral" | "good" | "bad"): void {
    this.finder.hint(text, tone);
    this.page.stage.say(text);
  }

  /** Waits until the face is where it should be, or the person says so. */
  private async position(moves: readonly Move[]): Promise<void> {
    const own = child(this.signal);
    const pressed = this.page.stage.chosen(own.signal);
    this.tell("liveness.position", "neutral");
    try {
      await Promise.race([pressed, this.guided ? this.placed(moves, own.signal) : pressed]);
    } finally {
      own.abort();
      pressed.catch(() => undefined);
    }
  }

  private async placed(moves: readonly Move[], signal: AbortSignal): Promise<void> {
    let good = 0;
    for await (const { says } of guidance(this.page.api, this.step.index, () => this.forGuidance(), signal)) {
      const fault = positionFault(says, moves);
      good = fault ? 0 : good + 1;
      this.finder.progress(Math.min(good / steady, 1));
      if (fault) this.line(this.page.texts.reason(fault), "bad");
      else this.tell("liveness.hold", "good");
      if (good >= steady) return;
    }
    this.guided = false;
    this.tell("liveness.unguided", "neutral");
    await new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }

  private async forGuidance(): Promise<{ image: Blob }> { return { image: await this.camera.picture(guideSide, guideQuality) }; }

  /** Takes pictures as long as the given work lasts. */
  private async record<T>(during: () => Promise<T>): Promise<T> {
    const own = child(this.signal);
    this.frames = [];
    const taking = this.take(own.signal);
    try {
      return await Promise.race([during(), taking]);
    } finally {
      own.abort();
      await taking.catch(() => undefined);
    }
  }

  /** Ends by rejecting alone: when its signal ends, or when the camera gives no picture. */
  private async take(signal: AbortSignal): Promise<never> {
    for (;;) {
      const at = performance.now();
      const image = await this.camera.picture(frameSide, frameQuality);
      this.frames.push({ image, at, marked: false });
      if (this.frames.length > mostKept) this.frames = choose(this.frames, mostKept / 2);
      await sleep(Math.max(period - (performance.now() - at), 20), signal);
    }
  }

  /** Asks for one move after the other as the server sees them made. False asks to begin again. */
  private async follow(asked: readonly Move[], lastTry: boolean): Promise<boolean> {
    const tracker = new Tracker(asked), own = child(this.signal), started = performance.now();
    this.ask(tracker, "resting");
    try {
      for await (const { shown, says } of guidance(this.page.api, this.step.index, () => this.newest(), own.signal)) {
        const seen = tracker.see(says.face);
        shown.face = says.face;
        shown.marked = tracker.telling; // the head at rest between two turns, too: without it they are one
        this.ask(tracker, seen, says);
        if (seen === "done") return true;
        if (performance.now() - started > patience) return lastTry || this.undone("waiting");
        if (!lastTry && (seen === "wrong" || seen === "lost")) return this.undone(seen);
      }
    } finally {
      own.abort();
    }
    this.guided = false;
    return false;
  }

  private undone(seen: Seen): boolean {
    this.tell(seen === "wrong" ? "liveness.wrong" : seen === "lost" ? "liveness.lost" : "liveness.slow", "bad");
    return false;
  }

  /** The newest picture that was not looked at. */
  private async newest(): Promise<Kept | null> {
    const last = this.frames[this.frames.length - 1];
    return last && last.face === undefined ? last : null;
  }

  private ask(tracker: Tracker, seen: Seen, says?: Guidance): void {
    const move = tracker.next;
    this.finder.progress(tracker.done / Math.max(tracker.moves.length, 1));
    this.finder.face(tracker.target ?? undefined);
    if (seen === "return") this.instruct(null, "move.RETURN");
    else if (move) this.instruct(move, `move.${move}`);
    else this.instruct(null, tracker.done > 0 ? "liveness.finishing" : "liveness.still");
    if (says && !says.face) this.finder.hint(this.page.texts.reason("face_not_found"), "bad");
    else this.finder.hint(this.page.texts.say("liveness.count", { done: tracker.done, all: tracker.moves.length }), seen === "moved" ? "good" : "neutral");
  }

  private instruct(move: Move | null, key: string): void {
    const text = this.page.texts.say(key);
    if (this.order.textContent === text) return;
    this.order.textContent = text;
    this.order.dataset.move = move ?? "";
    this.sign.replaceChildren(...move ? [moveSign(move)] : []);
    this.page.stage.say(text);
  }

  /** Without guidance: each move for so long as people need for it. */
  private async prompt(asked: readonly Move[]): Promise<boolean> {
    this.instruct(null, "liveness.still");
    this.finder.hint("", "neutral");
    await sleep(1500, this.signal);
    for (const [i, move] of asked.entries()) {
      this.instruct(move, `move.${move}`);
      this.finder.progress(i / asked.length);
      await sleep(2200, this.signal);
      if (!isTurn(move)) continue;
      this.instruct(null, "move.RETURN");
      await sleep(1300, this.signal);
    }
    this.instruct(null, "liveness.finishing");
    await sleep(600, this.signal);
    return true;
  }

  private async restarting(): Promise<void> {
    if (!this.guided) return;
    await sleep(1800, this.signal);
    this.page.stage.say(this.page.texts.say("liveness.again"));
  }
}

/** Why a face is not yet where it should be, as a reason of the server; null when it is. */
function positionFault(says: Guidance, moves: readonly Move[]): string | null {
  if (!says.face) return says.hints[0] ?? "face_not_found";
  if (!says.good && says.hints.length > 0) return says.hints[0]!;
  if (!isFrontal(says.face)) return "face_turned";
  const size = sizeFault(says.face, moves);
  return size === "closer" ? "face_too_small" : size === "away" ? "face_too_large" : null;
}

