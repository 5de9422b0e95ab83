// Asks the server what the camera shows, one picture at a time.

import { sleep } from "./abort.ts";
import { Refusal, type Api, type Guidance } from "./api.ts";

/** What the longer side of a picture for guidance is at most, in pixels, and how it is encoded. */
export const guideSide = 640, guideQuality = 0.7;

const pace = 120; // milliseconds between an answer and the next question
const mostFailures = 4;

/**
 * Yields what the server says of the newest picture until the signal ends. It
 * ends by itself where the server offers no guidance: the page goes on without.
 */
export async function* guidance<T extends { image: Blob }>(api: Api, step: number, newest: () => Promise<T | null>, signal: AbortSignal): AsyncGenerator<{ shown: T; says: Guidance }> {
  for (let failures = 0; failures < mostFailures;) {
    await sleep(pace, signal);
    const shown = document.hidden ? null : await newest();
    if (!shown) continue;
    try {
      yield { shown, says: await api.guidance(step, shown.image, signal) };
      failures = 0;
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      if (e.status === 404 || e.status === 405 || e.code === "GUIDANCE_NOT_OFFERED") return;
      if (e.status === 409 || e.status === 410) throw e; // the session went on elsewhere
      if (e.status !== 429) failures++;
      await sleep(Math.min(Math.max(e.retryAfter * 1000, 400), 10_000), signal);
    }
  }
}
