import type { Timer } from "../../base/clock.ts";

/** The state of a connection, see `Session`. */
export type State =
  | { readonly kind: "open" }
  | {
    readonly kind: "finishing";
    /** Resolves when all taken requests are answered and written. */
    readonly done: Promise<void>;
    /** Whether the peer was told why its input is discarded. */
    readonly isRefused: boolean;
    /** Closes the connection if the peer does not. */
    readonly lingering?: Timer;
  }
  | { readonly kind: "closed" };
