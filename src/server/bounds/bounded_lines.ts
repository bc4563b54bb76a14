import type { Clock, Timer } from "../../base/clock.ts";
import { strangersLinesMax, strangersLinesPeriodMs } from "../limits.ts";
import type { LogFields } from "../../base/log.ts";

/**
 * Bounds the log lines that anybody who reaches the port can cause: it writes a few in each period,
 * and counts the others.
 */
export class BoundedLines {
  readonly #clock: Clock;
  readonly #write: (fields: LogFields) => void;
  readonly #writeMore: (count: number) => void;
  #written = 0;
  #more = 0;
  #periodEndMs = -Infinity;
  #timer: Timer | undefined;

  /** @param writeMore logs how many lines were left out */
  constructor(
    clock: Clock,
    write: (fields: LogFields) => void,
    writeMore: (count: number) => void,
  ) {
    this.#clock = clock;
    this.#write = write;
    this.#writeMore = writeMore;
  }

  /** Writes a line, or counts it. */
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

  /** Logs how many lines were left out so far. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#more === 0) return;
    this.#writeMore(this.#more);
    this.#more = 0;
  }
}
