// Electronic documents: by a code that a provider sends to the holder's phone,
// or by the files of a chip that an app read. Browsers cannot read chips.

import { Refusal, type Offer, type State, type Step } from "../api.ts";
import { h } from "../dom.ts";
import type { Page } from "../page.ts";
import { actions, button } from "../stage.ts";
import { checking } from "./waiting.ts";

/** What is known of the holder while the screens go back and forth. */
interface Holder { iin: string; phone: string; provider: string }

const noOffer: Offer = { providers: [], codes_left: 0, code_until: null };

function offerOf(page: Page, step: Step): Offer { return page.state.steps[step.index]?.offer ?? noOffer; }

/** Whether a code that was sent is still waited for. */
function awaits(page: Page, offer: Offer): boolean {
  return offer.code_until !== null && Date.parse(offer.code_until) > Date.now() + page.api.skew;
}

export async function electronic(page: Page, step: Step, signal: AbortSignal): Promise<State> {
  const screens = new Electronic(page, step, signal);
  const offer = offerOf(page, step);
  let at: "holder" | "code" | "files" = awaits(page, offer) ? "code" : offer.providers.length > 0 ? "holder" : "files";
  for (;;) {
    const next = at === "holder" ? await screens.askHolder() : at === "code" ? await screens.askCode() : await screens.askFiles();
    if (typeof next !== "string") return next;
    at = next;
  }
}

type Next = "holder" | "code" | "files" | State;

class Electronic {
  private readonly holder: Holder;
  private fault = "";

  constructor(private readonly page: Page, private readonly step: Step, private readonly signal: AbortSignal) {
    this.holder = { iin: "", phone: "", provider: offerOf(page, step).providers[0] ?? "" };
  }

  private get offer(): Offer { return offerOf(this.page, this.step); }

  private input(name: string, label: string, more: Record<string, string>): HTMLInputElement[] & { field: HTMLElement } {
    const input = h("input", { id: name, name, required: true, ...more, ...this.fault ? { "aria-describedby": "fault" } : {} });
    return Object.assign([input], { field: h("p", { class: "field" }, h("label", { for: name }, label), input) });
  }

  private faultLine(): HTMLElement | null {
    const text = this.fault;
    this.fault = "";
    if (text) this.page.stage.say(text);
    return text ? h("p", { class: "fault", id: "fault", role: "alert" }, text) : null;
  }

  /** Who holds the document: a provider sends that person a code. */
  async askHolder(): Promise<Next> {
    const { stage, texts } = this.page;
    const iin = this.input("iin", texts.say("edocument.iin"), { inputmode: "numeric", autocomplete: "off", maxlength: "32" });
    const phone = this.input("phone", texts.say("edocument.phone"), { type: "tel", autocomplete: "tel", maxlength: "24", placeholder: "+7" });
    const form = h("form", { class: "fields", novalidate: true }, iin.field, phone.field, this.providers(), this.faultLine(),
      actions(submitButton("send-code", texts.say("edocument.send")), button("files", texts.say("edocument.by.files"), "quiet")));
    iin[0]!.value = this.holder.iin;
    phone[0]!.value = this.holder.phone;
    stage.show("edocument", this.step, texts.say("edocument.title"), h("p", {}, texts.say("edocument.text")), form);
    stage.mark("part", "holder");
    const choice = await stage.chosen(this.signal);
    if (choice.action === "files") return "files";
    this.holder.iin = iin[0]!.value.replace(/[\s-]/g, "").toUpperCase();
    this.holder.phone = phoneOf(phone[0]!.value);
    if (!/^[0-9A-Z]{5,32}$/.test(this.holder.iin)) return this.again("edocument.iin.wrong", "holder");
    if (!/^\+[0-9]{8,15}$/.test(this.holder.phone)) return this.again("edocument.phone.wrong", "holder");
    return this.send();
  }

  private again(key: string, next: "holder" | "code" | "files"): Next { this.fault = this.page.texts.say(key); return next; }

  private providers(): HTMLElement | null {
    const { texts } = this.page;
    if (this.offer.providers.length < 2) return null;
    const select = h("select", { id: "provider", onchange: () => { this.holder.provider = select.value; } },
      ...this.offer.providers.map(name => h("option", { value: name, selected: name === this.holder.provider }, name)));
    return h("p", { class: "field" }, h("label", { for: "provider" }, texts.say("edocument.provider")), select);
  }

  private async send(): Promise<Next> {
    this.page.stage.root.setAttribute("aria-busy", "true");
    return this.refusable("holder", async () => {
      this.page.state = await this.page.api.request(this.step.index, this.holder, this.signal);
      return this.page.state.status === "PROGRESS" ? "code" : this.page.state;
    });
  }

  /** Turns what the person can do something about into a line on the screen. */
  private async refusable(back: "holder" | "code" | "files", work: () => Promise<Next>): Promise<Next> {
    try {
      return await work();
    } catch (e) {
      if (!(e instanceof Refusal) || e.offline || e.status === 409 || e.status === 410) {
        if (!(e instanceof Refusal) || e.code !== "PROVIDER_SESSION_ENDED") throw e;
        back = "holder";
      }
      this.fault = this.page.texts.error(e.code);
      this.page.state = await this.page.api.state(this.signal);
      return this.page.state.status === "PROGRESS" ? back : this.page.state;
    }
  }

  /** The code that the holder received. */
  async askCode(): Promise<Next> {
    const { stage, texts } = this.page;
    const code = this.input("code", texts.say("edocument.code"), { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "16" });
    const left = this.offer.codes_left;
    const form = h("form", { class: "fields", novalidate: true }, code.field, this.faultLine(),
      h("p", { class: "note" }, texts.say("result.left", { n: this.page.state.steps[this.step.index]?.attempts_left ?? 0 })),
      actions(submitButton("approve", texts.say("edocument.approve")),
        left > 0 && button("send-code", texts.say(this.holder.phone ? "edocument.resend" : "edocument.other", { n: left }), "secondary"),
        button("back", texts.say("edocument.change"), "quiet")));
    stage.show("edocument", this.step, texts.say("edocument.code.title"),
      h("p", {}, this.holder.phone ? texts.say("edocument.sent", { phone: this.holder.phone }) : texts.say("edocument.sent.before")), form);
    stage.mark("part", "code");
    const choice = await stage.chosen(this.signal);
    if (choice.action === "back") return "holder";
    if (choice.action === "send-code") return this.holder.phone ? this.send() : "holder";
    const text = code[0]!.value.replace(/\s/g, "");
    if (!/^[0-9A-Za-z]{1,16}$/.test(text)) return this.again("edocument.code.wrong", "code");
    stage.root.setAttribute("aria-busy", "true");
    return this.refusable("code", () => this.page.api.approve(this.step.index, text, this.signal));
  }

  /** Files of a chip. */
  async askFiles(): Promise<Next> {
    const { stage, texts } = this.page;
    stage.show("edocument", this.step, texts.say("edocument.files.title"), h("p", {}, texts.say("edocument.files.text")),
      h("p", { class: "note" }, "EF.SOD, EF.DG1, EF.DG2 …"), this.faultLine(),
      actions(stage.picker(texts.say("edocument.files.choose"), "", { multiple: true, primary: true }),
        this.offer.providers.length > 0 && button("code", texts.say("edocument.by.code"), "quiet")));
    stage.mark("part", "files");
    const choice = await stage.chosen(this.signal);
    if (choice.action === "code") return "holder";
    const form = new FormData();
    for (const file of choice.files) form.append("files", file, chipName(file.name));
    checking(this.page, this.step, "edocument");
    return this.refusable("files", () => this.page.api.submit(this.page.state.steps[this.step.index] ?? this.step, form, this.signal));
  }
}

/** A button that Enter presses, too. */
function submitButton(action: "send-code" | "approve", label: string): HTMLButtonElement { return button(action, label, "primary", { type: "submit" }); }

/** Apps add endings and change cases; the server knows the files by their names in the chip. */
function chipName(name: string): string {
  const bare = name.replace(/\.(bin|dat|der|cbor)$/i, "");
  const chip = /^(?:EF[._-]?)?(SOD|COM|DG\d{1,2})$/i.exec(bare);
  return chip ? `EF.${chip[1]!.toUpperCase()}` : /^AA[._-]RESPONSE$/i.test(bare) ? "AA.RESPONSE" : bare;
}

/** E.164 of what people write: 8 701 …, 7 701 …, +7 (701) … */
export function phoneOf(text: string): string {
  const digits = text.replace(/[^0-9]/g, "");
  if (digits === "" || text.trim().startsWith("+")) return digits && `+${digits}`;
  return /^[78]\d{10}$/.test(digits) ? `+7${digits.slice(1)}` : digits.length === 10 ? `+7${digits}` : `+${digits}`;
}
