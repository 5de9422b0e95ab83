// Which of the pictures that a camera gave are sent.

/** One picture of the camera. Marked ones tell something that the judgement needs. */
export interface Frame<T = Blob> { image: T; at: number; marked: boolean }

/** What the server takes at most. */
export const mostFrames = 40;

/**
 * Chooses at most n frames in their order: the first ones, which show the face
 * at rest, all that are marked as far as there is room, and then those that
 * leave the smallest gaps in time.
 */
export function choose<T>(frames: readonly Frame<T>[], n = mostFrames, first = 5): Frame<T>[] {
  if (frames.length <= n) return [...frames];
  const last = frames.length - 1;
  const taken = new Set<number>();
  const take = (i: number) => { if (taken.size < n && i >= 0 && i <= last) taken.add(i); };
  for (let i = 0; i < first; i++) take(i);
  take(last);
  frames.forEach((f, i) => { if (f.marked) take(i); });
  while (taken.size < n) take(middleOfWidest(frames, taken));
  return [...taken].sort((a, b) => a - b).map(i => frames[i]!);
}

/** The untaken frame nearest to the middle of the widest gap that has one. */
function middleOfWidest<T>(frames: readonly Frame<T>[], taken: ReadonlySet<number>): number {
  let best = -1, widest = -1, before = 0;
  for (let i = 1; i < frames.length; i++) {
    if (!taken.has(i)) continue;
    const gap = frames[i]!.at - frames[before]!.at;
    if (i - before > 1 && gap > widest) {
      widest = gap;
      const middle = frames[before]!.at + gap / 2;
      best = before + 1;
      for (let k = best; k < i; k++) if (Math.abs(frames[k]!.at - middle) < Math.abs(frames[best]!.at - middle)) best = k;
    }
    before = i;
  }
  return best;
}

/** The frames as a form with their times in whole milliseconds since the first. */
export function formOf(frames: readonly Frame[]): FormData {
  const form = new FormData();
  const start = frames[0]?.at ?? 0;
  frames.forEach((f, i) => form.append("frames", f.image, `${i}.jpg`));
  form.append("times_ms", JSON.stringify(frames.map(f => Math.round(f.at - start))));
  return form;
}
