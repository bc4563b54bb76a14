import type { Clock, Timer } from "../base/clock.ts";
import type { RpcError } from "../base/errors.ts";
import type { Call } from "./call.ts";

interface Pause {
  readonly call: Call;
  readonly fail: (error: RpcError) => void;
  timer: Timer | undefined;
}

/** Calls that failed and wait a moment before they are sent again. */
export class DelayedRetries {
  readonly #clock: Clock;
  readonly #delayed = new Set<Pause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#delayed.size;
  }

  /**
   * Calls `goOn` after `delayMs`, or `fail` when {@link end} comes first, or neither if the call is
   * cancelled.
   */
  start(call: Call, delayMs: number, goOn: () => void, fail: (error: RpcError) => void): void {
    const pause: Pause = { call, fail, timer: undefined };
    this.#delayed.add(pause);
    pause.timer = this.#clock.after(delayMs, () => {
      this.#remove(pause);
      goOn();
    });
    call.holder = { cancel: () => this.#remove(pause) };
  }

  /** Ends all pauses at once: their calls fail. */
  end(error: RpcError): void {
    for (const pause of [...this.#delayed]) {
      // One that failed before may have made its caller give this one up.
      if (!this.#delayed.has(pause)) continue;
      this.#remove(pause);
      pause.fail(error);
    }
  }

  #remove(pause: Pause): void {
    this.#delayed.delete(pause);
    pause.timer?.cancel();
    pause.call.holder = undefined;
  }
}
