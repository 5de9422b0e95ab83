// Asks the server what the camera shows, one picture at a time.

import { sleep } from "./abort.ts";
import { Refusal, type Api, type Guidance } from "./api.ts";

/** What the longer side of a picture for guidance is at most, in pixels, and how it is encoded. */
export const guideSide = 640, guideQuality = 0.7;

const pace = 270; // milliseconds from question to question: the server takes four a second
const mostFailures = 4;

/**
 * Yields what the server says of the newest picture until the signal ends. It
 * ends by itself where the server offers no guidance: the page goes on without.
 */
export async function* guidance<T extends { image: Blob }>(api: Api, step: number, newest: () => Promise<T | null>, signal: AbortSignal): AsyncGenerator<{ shown: T; says: Guidance }> {
  let wait = 0;
  for (let failures = 0; failures < mostFailures;) {
    await sleep(wait, signal);
    const shown = document.hidden ? null : await newest();
    wait = 40;
    if (!shown) continue;
    const asked = performance.now();
    try {
      yield { shown, says: await api.guidance(step, shown.image, signal) };
      failures = 0;
      wait = Math.max(pace - (performance.now() - asked), 0);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      if (e.status === 404 || e.status === 405 || e.code === "GUIDANCE_NOT_OFFERED") return;
      if (e.status === 409 || e.status === 410) throw e; // the session went on elsewhere
      if (e.status !== 429 && e.code !== "CHECK_BUSY") failures++;
      if (e.offline && failures >= mostFailures) throw e; // without a network there is nothing to go on to
      wait = Math.min(Math.max(e.retryAfter * 1000, 2 * pace), 10_000);
    }
  }
}
