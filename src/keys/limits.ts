/** The bounds of keys. Those of the whole program are in `base/limits.ts`. */

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
