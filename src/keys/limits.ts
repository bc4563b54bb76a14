/** The bounds of keys. Those of the whole program are in `base/limits.ts`. */

/**
 * How long a change of the keys waits for another one, which takes a moment, or that of
 * `rpc keys join` ten seconds at most. The other process may as well be stopped for good.
 */
export const keysLockTimeoutMs = 10_000;

/** How often it looks whether the other one is done: nobody notices such a delay. */
export const keysLockRetryMs = 50;
