/** The bounds of keys. Those of the whole program are in `base/limits.ts`. */

/**
 * How long a change of the keys waits for another one, which takes a moment, or that of
 * `rpc keys join` ten seconds at most. The other process may as well be stopped for good.
 */
export const keysLockTimeoutMs = 10_000;

/** How often it looks whether the other one is done: nobody notices such a delay. */
export const keysLockRetryMs = 50;

/** TLS handshakes under way at once: each costs a millisecond for somebody not yet known. */
export const handshakesMax = 1_024;

/**
 * The least time between the beginnings of two TLS handshakes while several wait, in milliseconds.
 * Others are served in between. To count it from a handshake's end did nothing for them, and made
 * those who connect wait longer (docs/FLOODS.md).
 */
export const handshakePauseMs = 1;

/** How long a TLS handshake may take: three round trips of a bad network. */
export const handshakeTimeoutMs = 10_000;
