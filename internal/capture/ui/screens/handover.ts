// Going on with a phone: a QR code of this session's address.

import { child, sleep } from "../abort.ts";
import { h } from "../dom.ts";
import type { Page } from "../page.ts";
import { actions, button } from "../stage.ts";
import { ended, isOver, progress } from "../steps.ts";

const every = 2500; // milliseconds between looks at how far the phone is

/** A page that the session has left behind: it went on, or ended, on another device. */
export class Moved extends Error {}

/** Shows the code and follows the session. Resolves when the person goes on here; throws Moved when the session changed elsewhere. */
export async function handover(page: Page, signal: AbortSignal): Promise<void> {
  const { stage, texts } = page;
  const query = `?locale=${encodeURIComponent(page.locale)}`;
  const before = fingerprint(page);
  const steps = h("div", {}, progress(page));
  const own = child(signal);
  stage.show("handover", null, texts.say("handover.title"), h("p", {}, texts.say("handover.text")),
    h("img", { class: "code", src: `/flow/${page.session}/qr.svg${query}`, alt: texts.say("handover.code"), width: "240", height: "240" }),
    h("p", { class: "note" }, texts.say("handover.follow")), steps, actions(button("back", texts.say("handover.back"), "secondary")));
  try {
    await Promise.race([stage.chosen(own.signal), follow(page, steps, own.signal)]);
  } finally {
    own.abort();
  }
  if (fingerprint(page) !== before) throw new Moved();
}

/** Shows how far the session is until it ends. */
async function follow(page: Page, steps: HTMLElement, signal: AbortSignal): Promise<void> {
  while (!ended(page.state)) {
    await sleep(every, signal);
    const seen = fingerprint(page);
    page.state = await page.api.state(signal);
    if (fingerprint(page) === seen) continue;
    steps.replaceChildren(progress(page));
    page.stage.say(page.texts.say("handover.progress", { done: page.state.steps.filter(isOver).length, all: page.state.steps.length }));
  }
}

function fingerprint(page: Page): string {
  return JSON.stringify([page.state.status, page.state.steps.map(s => [s.state, s.attempts_left])]);
}
