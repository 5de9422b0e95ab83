// The screens around the steps: beginning, comparison, trouble, end.

import { Refusal, type State, type Step } from "../api.ts";
import { h } from "../dom.ts";
import type { Page } from "../page.ts";
import { actions, button } from "../stage.ts";
import { progress } from "../steps.ts";
import { handover } from "./handover.ts";

/** Tells what will happen and waits for the start. */
export async function intro(page: Page, signal: AbortSignal): Promise<State> {
  const { stage, texts } = page;
  for (;;) {
    stage.show("intro", null, texts.say("intro.title"), h("p", {}, texts.say("intro.text")), progress(page),
      actions(button("start", texts.say("intro.start")), page.offersHandover() && button("handover", texts.say("handover.offer"), "secondary")),
      h("p", { class: "note" }, texts.say("intro.note")), languages(page));
    const choice = await stage.chosen(signal);
    if (choice.action === "start") return page.api.start(signal);
    await handover(page, signal);
  }
}

function languages(page: Page): HTMLElement {
  const links = Object.entries(page.languages).map(([locale, { lang, name }]) => {
    const address = new URL(location.href);
    address.searchParams.set("locale", locale);
    return h("a", { href: address.pathname + address.search, "aria-current": locale === page.locale ? "true" : undefined, lang }, name);
  });
  return h("nav", { class: "languages", "aria-label": page.texts.say("languages") }, ...links);
}

/** The comparison of faces runs by itself. */
export function compare(page: Page, step: Step, signal: AbortSignal): Promise<State> {
  const { stage, texts } = page;
  stage.show("compare", step, texts.say("compare.title"), h("p", { class: "status" }, texts.say("compare.text")), h("div", { class: "spinner" }));
  stage.say(texts.say("compare.title"));
  return page.api.submit(step, null, signal);
}

/** A step that this page does not know: the session goes on in an app. */
export async function foreign(page: Page, step: Step, signal: AbortSignal): Promise<void> {
  const { stage, texts } = page;
  stage.show("problem", step, texts.say("foreign.title"), h("p", {}, texts.say("foreign.text")), actions(button("retry", texts.say("retry"))));
  stage.mark("problem", "foreign");
  await stage.chosen(signal);
}

/** The answers to something that was sent and that the person can send better. */
const refused = new Set([413, 415, 422]);

/** What became of an answer that did not come. */
const broken: Record<string, string> = { TIMEOUT: "timeout", INTERRUPTED: "interrupted" };

/** Tells what went wrong between here and the server and waits for another try, or for the network. */
export async function problem(page: Page, step: Step | null, cause: unknown, signal: AbortSignal): Promise<void> {
  const { stage, texts } = page;
  const refusal = cause instanceof Refusal ? cause : null;
  const kind = !refusal ? "script" : refusal.offline ? broken[refusal.code] ?? "network" : refusal.code;
  const text = !refusal ? texts.say("error") : refusal.offline ? texts.say(`problem.${kind}.text`) : texts.error(refusal.code);
  const title = refusal?.offline ? `problem.${kind}.title` : refusal && refused.has(refusal.status) ? "result.title" : "problem.title";
  stage.show("problem", step, texts.say(title), h("p", {}, text), actions(button("retry", texts.say("retry"))));
  stage.mark("problem", kind);
  stage.say(text);
  const back = new Promise<void>(resolve => { if (kind === "network") window.addEventListener("online", () => resolve(), { once: true, signal }); });
  await Promise.race([stage.chosen(signal), back]);
}

/** The end, with what became of the session. */
export function finished(page: Page): void {
  const { stage, texts, state } = page;
  const passed = state.status === "FINISHED";
  const aborted = state.failure_reason?.detail === "Operation aborted by user";
  const kind = passed ? "passed" : state.status === "EXPIRED" || state.status === "NEW" || state.status === "PROGRESS" ? "expired" : aborted ? "aborted" : "failed";
  stage.show("finished", null, texts.say(`finished.${kind}.title`), h("div", { class: `verdict ${kind}`, "aria-hidden": "true" }),
    h("p", {}, texts.say(`finished.${kind}.text`)), kind === "failed" && h("p", { class: "fault" }, texts.failure(state.failure_reason?.detail ?? null)),
    h("p", { class: "note" }, texts.say(page.webView ? "finished.app" : "finished.close")));
  stage.mark("outcome", kind);
  stage.say(texts.say(`finished.${kind}.title`));
}
