// Waiting that ends when the page turns to something else.

/** Resolves after so many milliseconds; rejects when the signal ends. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const gone = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal.removeEventListener("abort", gone); resolve(); }, ms);
    signal.addEventListener("abort", gone, { once: true });
  });
}

/** Settles as the promise does, or rejects as soon as the signal ends. */
export function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

/** A signal that ends with another one, or on its own. */
export function child(parent: AbortSignal): AbortController {
  const own = new AbortController();
  if (parent.aborted) own.abort(parent.reason);
  parent.addEventListener("abort", () => own.abort(parent.reason), { once: true, signal: own.signal });
  return own;
}
