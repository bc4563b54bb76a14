import type { Clock } from "../base/clock.ts";
import type { CallContext } from "./types.ts";

/**
 * A context whose signal is made when the procedure first reads it. Most never do, and making an
 * `AbortController` costs more than a short call.
 */
export class LazyCallContext implements CallContext {
  /** The trace that the call belongs to. */
  readonly traceparent: string | undefined;
  /** Who calls. */
  readonly caller: string | undefined;
  /** On the clock's scale; `undefined` if not known, or not needed so far. */
  deadlineAtMs: number | undefined;
  readonly #clock: Clock | undefined;
  readonly #hadMs: number | undefined;
  #controller: AbortController | undefined;
  #isAborted = false;

  /**
   * @param hadMs how long the call may take, counted from the first look at {@link timeoutMs}
   *   unless {@link deadlineAtMs} was set before
   */
  constructor(traceparent?: string, caller?: string, clock?: Clock, hadMs?: number) {
    this.traceparent = traceparent;
    this.caller = caller;
    this.#clock = clock;
    this.#hadMs = hadMs;
  }

  /** Milliseconds that the call still has. */
  get timeoutMs(): number | undefined {
    if (this.#clock === undefined || this.#hadMs === undefined) return undefined;
    const nowMs = this.#clock.now();
    this.deadlineAtMs ??= nowMs + this.#hadMs;
    return Math.max(0, Math.round(this.deadlineAtMs - nowMs));
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
