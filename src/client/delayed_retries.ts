import type { Clock, Timer } from "../base/clock.ts";
import type { RpcError } from "../base/errors.ts";
import type { Call } from "./call.ts";

interface DelayedCall {
  readonly call: Call;
  readonly goOn: () => void;
  readonly fail: (error: RpcError) => void;
  /** `undefined`: it waits in line. */
  timer: Timer | undefined;
}

/** When calls that wait in line go on. */
export interface Line {
  /** Whether the next one may, which it does then. */
  mayGoOn(): boolean;
  /** For how long nobody looks after one might not, in milliseconds. */
  pauseMs(): number;
}

/** Calls in line that go on together before others run: to send one takes some 20 µs. */
const togetherMax = 64;

/** Calls that failed and wait a moment before they are sent again. */
export class DelayedRetries {
  readonly #clock: Clock;
  readonly #delayed = new Set<DelayedCall>();
  /** Those of them that wait in line, the first one first. */
  readonly #inLine = new Set<DelayedCall>();
  #look: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#delayed.size;
  }

  /** Whether calls wait in line. */
  get hasLine(): boolean {
    return this.#inLine.size > 0;
  }

  /**
   * Calls `goOn` after `delayMs`, or `fail` if {@link end} is called before, or neither if the call
   * is cancelled.
   */
  start(call: Call, delayMs: number, goOn: () => void, fail: (error: RpcError) => void): void {
    const delayed = this.#add(call, goOn, fail);
    delayed.timer = this.#clock.after(delayMs, () => this.#goOn(delayed));
  }

  /**
   * The same once the line says so, after all calls that came before. One timer looks for all of
   * them: thousands that each had their own took all of a program's time.
   */
  enter(line: Line, call: Call, goOn: () => void, fail: (error: RpcError) => void): void {
    this.#inLine.add(this.#add(call, goOn, fail));
    this.#lookLater(line, line.pauseMs());
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

  #add(call: Call, goOn: () => void, fail: (error: RpcError) => void): DelayedCall {
    const delayed: DelayedCall = { call, goOn, fail, timer: undefined };
    this.#delayed.add(delayed);
    call.holder = { cancel: () => this.#remove(delayed) };
    return delayed;
  }

  #lookLater(line: Line, delayMs: number): void {
    this.#look ??= this.#clock.after(delayMs, () => {
      this.#look = undefined;
      let left = togetherMax;
      for (const delayed of this.#inLine) {
        if (!line.mayGoOn()) break;
        this.#goOn(delayed);
        if (--left === 0) break;
      }
      if (this.hasLine) this.#lookLater(line, left === 0 ? 0 : line.pauseMs());
    });
  }

  #goOn(delayed: DelayedCall): void {
    this.#remove(delayed);
    delayed.goOn();
  }

  #remove(delayed: DelayedCall): void {
    this.#delayed.delete(delayed);
    delayed.timer?.cancel();
    delayed.call.holder = undefined;
    if (!this.#inLine.delete(delayed) || this.hasLine) return;
    this.#look?.cancel();
    this.#look = undefined;
  }
}
