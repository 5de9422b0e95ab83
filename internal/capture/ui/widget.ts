// FlowWidget.startSession({id, selector, locale}): shows a session's page inside
// an element of another site.

export interface Options {
  /** The session's identifier. */
  id: string;
  /** Of the element that the page fills; give it a height. */
  selector: string;
  /** kz, ru, en or another language of the server; without it the session's own, then the browser's. */
  locale?: string;
}

export interface Handle {
  /** Takes the page away. The session stays as it is. */
  close(): void;
}

/** What the finish event of window tells in its detail. */
export interface Finish { session_id: string; status: string; passed: boolean }

// Known only while this script runs for the first time.
const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : "";
const origin = script ? new URL(script, location.href).origin : location.origin;

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Shows the session in the element. The finish event of window tells once when it has ended. */
export function startSession({ id, selector, locale }: Options): Handle {
  if (!form.test(id)) throw new TypeError("FlowWidget: id is no session identifier");
  const host = document.querySelector(selector);
  if (!host) throw new TypeError(`FlowWidget: no element matches ${selector}`);
  const frame = document.createElement("iframe");
  frame.src = `${origin}/flow/${id}${locale ? `?locale=${encodeURIComponent(locale)}` : ""}`;
  frame.allow = "camera; microphone; fullscreen";
  frame.title = "Identity verification";
  frame.referrerPolicy = "no-referrer";
  Object.assign(frame.style, { border: "0", width: "100%", height: "100%", display: "block" });
  const listening = new AbortController();
  window.addEventListener("message", event => {
    if (event.source !== frame.contentWindow || event.origin !== origin || !isFinish(event.data, id)) return;
    listening.abort();
    const { session_id, status, passed } = event.data;
    window.dispatchEvent(new CustomEvent<Finish>("finish", { detail: { session_id, status, passed } }));
  }, { signal: listening.signal });
  host.replaceChildren(frame);
  return { close() { listening.abort(); frame.remove(); } };
}

function isFinish(message: unknown, id: string): message is Finish {
  const m = message as Partial<Finish & { type: string }> | null;
  return typeof m === "object" && m !== null && m.type === "idem.finish" && m.session_id === id.toLowerCase();
}
