import type { Failure } from "../../base/errors.ts";
import type { UnreadJson } from "../../wire/message.ts";

/** The outcome of a call. */
export type Outcome = { readonly result: unknown } | { readonly error: Failure };

/** Takes the answer to one request. */
export interface Receiver {
  answered(outcome: Outcome): void;
  /** Takes a long result that is still JSON. Without this method it is parsed first. */
  answeredUnread?(json: UnreadJson): void;
  /** The procedure that was called, if it is one. */
  readonly method?: string;
  /** The parameters that were sent, if they were not parsed. */
  readonly unread?: UnreadJson | undefined;
  /** Takes the next items, if the request asked for a stream. */
  items?(items: readonly unknown[]): void;
  /**
   * Called when the worker died first, or the request was taken back. `begun` is `false` only if it
   * surely has not begun.
   */
  lost(error: Failure, begun: boolean): void;
}
