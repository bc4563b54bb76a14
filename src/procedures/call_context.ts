import type { CallContext } from "./procedure.ts";

/**
 * A context whose signal is made when the procedure first looks at it: most never do, and an
 * `AbortController` costs more than a short call.
 */
export class LazyCallContext implements CallContext {
  /** The trace that the call belongs to. */
  readonly traceparent: string | undefined;
  /** Who calls. */
  readonly caller: string | undefined;
  #controller: AbortController | undefined;
  #isAborted = false;

  constructor(traceparent?: string, caller?: string) {
    this.traceparent = traceparent;
    this.caller = caller;
  }

  /** Whether {@link abort} was called. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Aborts when the caller has gone or the deadline has passed. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Nobody waits for the call any more. */
  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}
