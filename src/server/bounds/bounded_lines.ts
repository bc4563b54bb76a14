import type { Clock, Timer } from "../../base/clock.ts";
import { strangersLinesMax, strangersLinesPeriodMs } from "../../base/limits.ts";
import type { LogFields } from "../../base/log.ts";

/**
 * Lines of the log that anybody who reaches the port can cause: so many in a period, and of those
 * past it how many there were.
 */
export class BoundedLines {
  readonly #clock: Clock;
  readonly #write: (fields: LogFields) => void;
  readonly #writeMore: (count: number) => void;
  #written = 0;
  #more = 0;
  #periodEndMs = -Infinity;
  #timer: Timer | undefined;

  /** @param writeMore says how many were left out */
  constructor(
    clock: Clock,
    write: (fields: LogFields) => void,
    writeMore: (count: number) => void,
  ) {
    this.#clock = clock;
    this.#write = write;
    this.#writeMore = writeMore;
  }

  /** Writes one, or counts it. */
  add(fields: LogFields): void {
    const nowMs = this.#clock.now();
    if (nowMs >= this.#periodEndMs) {
      this.#written = 0;
      this.#periodEndMs = nowMs + strangersLinesPeriodMs;
    }
    if (this.#more === 0 && this.#written < strangersLinesMax) {
      this.#written++;
      this.#write(fields);
      return;
    }
    this.#more++;
    this.#timer ??= this.#clock.after(this.#periodEndMs - nowMs, () => this.flush());
  }

  /** Says how many were left out until now. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#more === 0) return;
    this.#writeMore(this.#more);
    this.#more = 0;
  }
}
