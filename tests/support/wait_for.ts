/** Waiting for something to become true, in place of sleeping for a time and hoping. */

/** How long, and how often to look. */
export interface WaitForOptions {
  /** @default 180_000: far more than it takes on a slow machine */
  readonly timeoutMs?: number;
  /** @default 10 */
  readonly periodMs?: number;
}

/**
 * Resolves with the condition's first value that is neither `undefined` nor `false`. Rejects after
 * the timeout, naming what was waited for; `what` may be a function that describes the state found
 * then.
 */
export async function waitFor<Value>(
  what: string | (() => string),
  condition: () => Value | undefined | false | Promise<Value | undefined | false>,
  options: WaitForOptions = {},
): Promise<Value> {
  const { timeoutMs = 180_000, periodMs = 10 } = options;
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) {
      throw new Error(
        `Waited ${timeoutMs} ms in vain for ${typeof what === "string" ? what : what()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, periodMs));
  }
}

/** The promise's value, or a rejection that names it if it takes longer than `timeoutMs`. */
export async function within<Value>(
  what: string,
  promise: Promise<Value>,
  timeoutMs = 180_000,
): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
