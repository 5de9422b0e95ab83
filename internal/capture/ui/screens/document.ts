// Documents: one picture or several, of the camera or from files.

import { child } from "../abort.ts";
import type { Guidance, State, Step } from "../api.ts";
import { shrink, type Camera } from "../camera.ts";
import { h } from "../dom.ts";
import { guidance, guideQuality } from "../guide.ts";
import type { Page } from "../page.ts";
import { actions, button, type Choice } from "../stage.ts";
import { Viewfinder } from "../viewfinder.ts";
import { checking } from "./waiting.ts";
import { withView, type Wanted } from "./viewing.ts";

const mostPages = 4; // that the server takes
const photoSide = 3000, photoQuality = 0.9;
const guideSide = 960; // letters show the blur; the server takes half a megabyte
const steady = 3; // good answers in a row before the picture is taken by itself

/** The proportions of documents (ISO/IEC 7810): cards, and the page of a passport. */
const shapes = { card: 85.6 / 53.98, passport: 125 / 88 };
type Shape = keyof typeof shapes;

export async function documents(page: Page, step: Step, signal: AbortSignal, again: boolean): Promise<State> {
  const taking = new Taking(page, step, draftOf(page, step), signal);
  if (taking.pages.length === 0) await taking.add(!again);
  for (;;) {
    const choice = await taking.review();
    if (choice.action === "submit") return submit(page, step, taking.pages, signal);
    if (choice.action === "upload") await taking.addFiles(choice.files);
    if (choice.action === "retake") taking.pages.pop();
    if (choice.action === "retake" || choice.action === "add-page") await taking.add(false);
  }
}

function draftOf(page: Page, step: Step): Blob[] {
  const pages = page.drafts.get(step.index) ?? [];
  page.drafts.set(step.index, pages);
  return pages;
}

async function submit(page: Page, step: Step, pages: Blob[], signal: AbortSignal): Promise<State> {
  const form = new FormData();
  pages.forEach((image, i) => form.append("pages", image, `page-${i + 1}.jpg`));
  checking(page, step, "document");
  const state = await page.api.submit(step, form, signal);
  if (!lacksBack(state, pages)) page.drafts.delete(step.index); // taken: a further attempt begins anew
  return state;
}

/** Whether only the zone was not found: it may be on a side that was not sent, and what was sent can stay. */
function lacksBack(state: State, pages: Blob[]): boolean {
  return state.outcome?.passed === false && state.outcome.reasons.join() === "mrz_not_found" && pages.length === 1;
}

/** The pictures of one document while they are taken. */
class Taking {
  private shape: Shape = "card";
  private readonly title: string;

  constructor(private readonly page: Page, private readonly step: Step, readonly pages: Blob[], private readonly signal: AbortSignal) {
    this.title = page.texts.say("document.title");
  }

  async addFiles(files: File[]): Promise<void> {
    for (const file of files.slice(0, mostPages - this.pages.length)) this.pages.push(await shrink(file));
  }

  /** Adds at least one picture. */
  async add(explain: boolean): Promise<void> {
    const { texts } = this.page;
    const wanted: Wanted = { facing: "environment", title: this.title, text: texts.say("primer.DR.text"),
      advice: [texts.say("primer.DR.1"), texts.say("primer.DR.2"), texts.say("primer.DR.3")], upload: true, multiple: true };
    await withView(this.page, this.step, wanted, explain, this.signal, {
      files: files => this.addFiles(files),
      camera: (camera, own, chooser) => this.shoot(camera, own, chooser),
    });
  }

  private async shoot(camera: Camera, signal: AbortSignal, chooser: HTMLElement): Promise<void> {
    const { stage, texts } = this.page;
    const finder = new Viewfinder(camera, texts.say("camera.preview"));
    const back = this.pages.length > 0;
    stage.show("document", this.step, texts.say(back ? "document.back.title" : "document.front.title"), !back && this.shapes(finder), finder.root, chooser,
      actions(button("capture", texts.say("document.capture")), stage.picker(texts.say("upload.document"), "image/*", { multiple: true }),
        back && button("back", texts.say("document.back.skip"), "quiet")));
    stage.mark("part", back ? "back" : "front");
    finder.outline(shapes[this.shape]);
    finder.hint(texts.say("document.hold"), "neutral");
    const own = child(signal);
    const pressed = stage.chosen(own.signal);
    const choice = await Promise.race([pressed, this.watch(finder, camera, own.signal)]).finally(() => own.abort());
    pressed.catch(() => undefined);
    if (choice?.action === "upload") await this.addFiles(choice.files);
    else if (choice?.action !== "back") this.pages.push(await camera.picture(photoSide, photoQuality));
  }

  /** Passport or card: what is drawn over the picture, and whether there is a back. */
  private shapes(finder: Viewfinder): HTMLElement {
    const option = (shape: Shape) => {
      const input = h("input", { type: "radio", name: "shape", value: shape, checked: shape === this.shape, onchange: () => { this.shape = shape; finder.outline(shapes[shape]); } });
      return h("label", {}, input, h("span", {}, this.page.texts.say(`document.${shape}`)));
    };
    return h("fieldset", { class: "shapes" }, h("legend", { class: "spoken" }, this.page.texts.say("document.shape")), option("card"), option("passport"));
  }

  /** Tells what the server sees; resolves when the picture is good for a while, never without guidance. */
  private async watch(finder: Viewfinder, camera: Camera, signal: AbortSignal): Promise<null> {
    const newest = async () => ({ image: await camera.picture(guideSide, guideQuality) });
    let good = 0;
    for await (const { says } of guidance(this.page.api, this.step.index, newest, signal)) {
      good = this.tell(finder, says) ? good + 1 : 0;
      if (good >= steady) return null;
    }
    return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  }

  private tell(finder: Viewfinder, says: Guidance): boolean {
    const { stage, texts } = this.page;
    const fault = says.hints[0];
    const text = says.good ? texts.say("document.steady") : fault ? texts.reason(fault) : texts.say("document.hold");
    finder.document(says.document?.quad ?? null);
    finder.hint(text, says.good ? "good" : fault ? "bad" : "neutral");
    stage.say(text);
    return says.good;
  }

  /** Shows the pictures and waits for what to do with them. */
  async review(): Promise<Choice> {
    const { stage, texts } = this.page;
    const half = this.shape === "card" && this.pages.length === 1, room = this.pages.length < mostPages;
    const shown = this.pages.map((image, i) => preview(image, texts.say("document.page", { n: i + 1 })));
    const more = room && button("add-page", texts.say(half ? "document.add.back" : "document.add.page"), half ? "primary" : "secondary");
    const send = button("submit", texts.say(half ? "document.send.front" : "document.send"), half ? "secondary" : "primary");
    stage.show("document", this.step, texts.say("document.review.title"), h("p", {}, texts.say(half ? "document.review.half" : "document.review.text")),
      h("div", { class: "previews" }, ...shown.map(s => s.figure)), actions(...half ? [more, send] : [send, more],
        button("retake", texts.say("document.retake"), "secondary"), room && stage.picker(texts.say("upload.more"), "image/*", { multiple: true })));
    stage.mark("part", "review");
    try {
      return await stage.chosen(this.signal);
    } finally {
      shown.forEach(s => URL.revokeObjectURL(s.url));
    }
  }
}

/** A picture small; what the browser cannot show (HEIC in most) is named instead. */
function preview(image: Blob, label: string): { figure: HTMLElement; url: string } {
  const url = URL.createObjectURL(image);
  const picture = h("img", { src: url, alt: label });
  picture.addEventListener("error", () => picture.replaceWith(h("span", { class: "unseen" }, image instanceof File ? image.name : label)));
  return { figure: h("figure", {}, picture, h("figcaption", {}, label)), url };
}
