// The server works, or an answer is told.

import type { Step } from "../api.ts";
import { h } from "../dom.ts";
import type { Page } from "../page.ts";
import { actions, button, list, type Screen } from "../stage.ts";

/** Shows that the server checks what was sent. */
export function checking(page: Page, step: Step, screen: Screen): void {
  const { stage, texts } = page;
  stage.show(screen, step, texts.say("checking.title"), h("p", { class: "status" }, texts.say("checking.text")), h("div", { class: "spinner" }));
  stage.mark("part", "checking");
  stage.say(texts.say("checking.title"));
}

/** Tells that what was sent is sent once more. */
export function resending(page: Page): void {
  const text = page.texts.say("checking.again");
  page.stage.root.querySelector(".status")?.replaceChildren(text);
  page.stage.say(text);
}

/** The doubts that a person can do something about. */
const helpful = new Set(["document_small", "document_cut", "image_blurred", "image_glare", "image_dark", "image_bright", "portrait_not_found", "portrait_too_small"]);

/** Tells why an attempt did not pass and waits for another one. */
export async function result(page: Page, step: Step, signal: AbortSignal): Promise<void> {
  const { stage, texts, state } = page;
  const left = state.steps[step.index]?.attempts_left ?? 0;
  const reasons = [...new Set((state.outcome?.reasons ?? []).map(r => texts.reason(r)))];
  const doubts = [...new Set((state.outcome?.warnings ?? []).filter(w => helpful.has(w)).map(w => texts.reason(w)))];
  stage.show("result", step, texts.say("result.title"), list(reasons), doubts.length > 0 && h("p", {}, texts.say("result.doubts")), list(doubts),
    h("p", { class: "note" }, texts.say("result.left", { n: left })), actions(button("retry", texts.say("retry"))));
  stage.mark("outcome", "failed");
  stage.say([texts.say("result.title"), ...reasons].join(" "));
  await stage.chosen(signal);
}
