// How far a session is.

import type { State, Step } from "./api.ts";
import { h } from "./dom.ts";
import type { Page } from "./page.ts";

export function ended(state: State): boolean { return state.status !== "NEW" && state.status !== "PROGRESS"; }

export function isOver(step: Step): boolean { return step.state === "PASSED" || step.state === "SKIPPED"; }

/** The step whose turn it is; null before the start and after the end. */
export function current(state: State): Step | null {
  return state.current_step === null ? null : state.steps[state.current_step] ?? null;
}

/** The steps as a list that tells which are done and which is next. */
export function progress(page: Page): HTMLElement {
  const { state, texts } = page;
  return h("ol", { class: "steps", "aria-label": texts.say("steps") }, ...state.steps.map(step => {
    const done = isOver(step), now = step.index === state.current_step;
    const word = texts.say(done ? "step.done" : step.state === "FAILED" ? "step.failed" : now ? "step.now" : "step.later");
    return h("li", { class: done ? "done" : step.state === "FAILED" ? "failed" : now ? "now" : "later", "aria-current": now ? "step" : undefined },
      h("span", { class: "name" }, texts.say(`step.${step.code}`)), h("span", { class: "spoken" }, ` — ${word}`));
  }));
}
