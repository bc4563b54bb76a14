import type { Clock, Timer } from "../base/clock.ts";
import type { RpcError } from "../base/errors.ts";
import type { Call } from "./call.ts";

interface DelayedCall {
  readonly call: Call;
  readonly fail: (error: RpcError) => void;
  timer: Timer | undefined;
}

/** Calls that failed and wait a moment before they are sent again. */
export class DelayedRetries {
  readonly #clock: Clock;
  readonly #delayed = new Set<DelayedCall>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#delayed.size;
  }

  /**
   * Calls `goOn` after `delayMs`, or `fail` if {@link end} is called before, or neither if the call
   * is cancelled.
   */
  start(call: Call, delayMs: number, goOn: () => void, fail: (error: RpcError) => void): void {
    const delayed: DelayedCall = { call, fail, timer: undefined };
    this.#delayed.add(delayed);
    delayed.timer = this.#clock.after(delayMs, () => {
      this.#remove(delayed);
      goOn();
    });
    call.holder = { cancel: () => this.#remove(delayed) };
  }

  /** Ends all delays at once: the calls fail. */
  end(error: RpcError): void {
    for (const delayed of [...this.#delayed]) {
      // The failure of an earlier call may have made the caller cancel this one.
      if (!this.#delayed.has(delayed)) continue;
      this.#remove(delayed);
      delayed.fail(error);
    }
  }

  #remove(delayed: DelayedCall): void {
    this.#delayed.delete(delayed);
    delayed.timer?.cancel();
    delayed.call.holder = undefined;
  }
}
