// The session API, as the page needs it.

import { sleep } from "./abort.ts";

export type Move = "LEFT" | "RIGHT" | "UP" | "DOWN" | "CLOSER" | "AWAY";
export type Status = "NEW" | "PROGRESS" | "FINISHED" | "FAILED" | "EXPIRED";

/** What an electronic document step can be answered with besides files. */
export interface Offer {
  providers: string[];
  codes_left: number;
  /** Until when a code that was sent is waited for; null when none is. */
  code_until: string | null;
}

export interface Step {
  index: number;
  code: string;
  name: string;
  state: "PENDING" | "ACTIVE" | "PASSED" | "FAILED" | "SKIPPED";
  attempts_left: number;
  offer?: Offer;
}

export interface State {
  session_id: string;
  status: Status;
  is_demo: boolean;
  locale: string;
  expires_at: string;
  current_step: number | null;
  steps: Step[];
  failure_reason: { type: string; detail: string | null } | null;
  outcome?: { passed: boolean; reasons: string[]; warnings: string[] };
  challenge?: { moves?: Move[]; seconds?: number } | null;
}

export interface Face { x: number; y: number; width: number; height: number; yaw: number; pitch: number }
export type Quad = [number, number][];
/** What a picture lacks. Places are shares of it, angles degrees. */
export interface Guidance { good: boolean; hints: string[]; face: Face | null; document: { quad: Quad } | null }

/** A refusal of the server, or that it was not reached (status 0). */
export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, readonly retryAfter = 0) { super(code); }
  get offline(): boolean { return this.status === 0; }
  /** Whether the answer was lost on the way: by the network, or by something between here and the server. */
  get brokeOff(): boolean { return this.offline || /^HTTP_50[234]$/.test(this.code); }
}

const patience = 30_000; // milliseconds for one answer
const slowest = 240_000; // of evidence: megabytes over a slow network, and the check
const mostBrought = 4; // times that evidence is brought, where the server has no room for it or the connection breaks off
const settling = 20; // looks, two seconds apart, at evidence that may have arrived before the connection broke off

export class Api {
  /** Milliseconds by which the server's clock is ahead of this one. */
  skew = 0;

  /** again is called when evidence is brought once more after an interruption. */
  constructor(private readonly session: string, private readonly again: () => void = () => undefined) {}

  private base(): string { return `/api/v1/flows/session/${encodeURIComponent(this.session)}`; }

  state(signal: AbortSignal): Promise<State> { return this.persist("GET", "/state/", signal); }
  start(signal: AbortSignal): Promise<State> { return this.call("POST", "/start/", signal); }
  abort(signal: AbortSignal): Promise<State> { return this.call("POST", "/abort/", signal); }
  challenge(step: number, signal: AbortSignal): Promise<State> { return this.call("POST", `/steps/${step}/challenge/`, signal); }
  /**
   * Brings evidence for the step of a state; again when the server refused to look at it yet, and when the connection
   * broke off and the server has nothing of it. Rejects with INTERRUPTED where that cannot be told.
   */
  async submit(step: Step, form: FormData | null, signal: AbortSignal): Promise<State> {
    for (let n = 1; ; n++) {
      try {
        return await this.call("POST", `/steps/${step.index}/`, signal, form, slowest);
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        const busy = e.status === 429 || e.code === "CHECK_BUSY";
        if (!busy && !e.brokeOff) throw e;
        if (busy && n >= mostBrought) throw e;
        await sleep(Math.min(Math.max(e.retryAfter, n) * 1000, 10_000), signal);
        if (busy) continue;
        const arrived = await this.arrived(step, signal);
        if (arrived) return arrived;
        if (e.code === "TIMEOUT" || n >= mostBrought) throw new Refusal(0, "INTERRUPTED");
        this.again();
      }
    }
  }

  /**
   * What became of evidence whose answer did not come: the state behind it, or null when the step is as it was. While
   * the server reads or checks it, the step has an attempt less.
   */
  private async arrived(step: Step, signal: AbortSignal): Promise<State | null> {
    for (let n = 0; n < settling; n++) {
      const state = await this.state(signal);
      const now = state.steps[step.index];
      if (state.current_step !== step.index || !now) return state;
      if (now.attempts_left >= step.attempts_left) return null;
      await sleep(2000, signal);
    }
    throw new Refusal(0, "INTERRUPTED"); // an attempt was spent, and what it found is not known here
  }

  guidance(step: number, image: Blob, signal: AbortSignal): Promise<Guidance> {
    const form = new FormData();
    form.append("image", image, "frame.jpg");
    return this.call("POST", `/steps/${step}/guidance/`, signal, form);
  }
  request(step: number, body: { iin: string; phone: string; provider: string }, signal: AbortSignal): Promise<State> {
    return this.call("POST", `/steps/${step}/request/`, signal, JSON.stringify(body));
  }
  approve(step: number, code: string, signal: AbortSignal): Promise<State> {
    return this.call("POST", `/steps/${step}/approve/`, signal, JSON.stringify({ code }));
  }

  /** Tries again a few times what changes nothing. */
  private async persist<T>(method: string, path: string, signal: AbortSignal): Promise<T> {
    for (let wait = 500; ; wait *= 2) {
      try {
        return await this.call<T>(method, path, signal);
      } catch (e) {
        if (!(e instanceof Refusal) || !(e.offline || e.status >= 500 || e.status === 429) || wait > 4000) throw e;
        await sleep(Math.max(wait, e.retryAfter * 1000), signal);
      }
    }
  }

  private async call<T>(method: string, path: string, signal: AbortSignal, body: FormData | string | null = null, most = patience): Promise<T> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), most);
    const stop = () => limit.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const answer = await fetch(this.base() + path, { method, body, signal: limit.signal, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
      this.noteClock(answer.headers.get("Date"));
      if (!answer.ok) throw await refusalOf(answer);
      return await answer.json() as T;
    } catch (e) {
      if (signal.aborted) throw signal.reason;
      throw e instanceof Refusal ? e : new Refusal(0, limit.signal.aborted ? "TIMEOUT" : "OFFLINE");
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  private noteClock(date: string | null): void {
    const at = date ? Date.parse(date) : NaN;
    if (!Number.isNaN(at)) this.skew = at - Date.now();
  }
}

async function refusalOf(answer: Response): Promise<Refusal> {
  let code = "";
  try {
    const body = await answer.json() as { code?: unknown; error?: { code?: unknown } };
    code = String(body.error?.code ?? body.code ?? "");
  } catch { /* an intermediary's page: the status alone tells */ }
  return new Refusal(answer.status, code || `HTTP_${answer.status}`, Number(answer.headers.get("Retry-After")) || 0);
}
