import type { Clock } from "../base/clock.ts";

/** How long calls earn retries for, in milliseconds: Finagle's time to live. */
const windowMs = 10_000;

const slotMs = 1_000;
const slotCount = windowMs / slotMs;

/**
 * How many retries are allowed, as a share of calls and not a count for each: when everything fails, a
 * count of three means four times the load, on servers that are failing already, and a budget of 20 %
 * means 1.2 times, always. The defaults and the window are those of Finagle's `RetryBudget`.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #reserve: number;
  /** What each second of the window earned and spent, the current one at `#slot % slotCount`. */
  readonly #balances = new Float64Array(slotCount);
  #slot: number;
  #balance = 0;

  /**
   * @param share retries that a call earns. Default 0.2
   * @param perSecond retries that are free each second, for clients with few calls. Default 10
   */
  constructor(clock: Clock, share = 0.2, perSecond = 10) {
    this.#clock = clock;
    this.#share = share;
    this.#reserve = perSecond * (windowMs / 1_000);
    this.#slot = Math.floor(clock.now() / slotMs);
  }

  /** Retries that could be made now. */
  get available(): number {
    this.#advance();
    return Math.max(0, Math.floor(this.#reserve + this.#balance + 1e-9));
  }

  /** A new call, not a retry: it earns. */
  deposit(): void {
    this.#advance();
    this.#change(this.#share);
  }

  /** Takes one retry out, or returns `false` if there is none. */
  withdraw(): boolean {
    if (this.available < 1) return false;
    this.#change(-1);
    return true;
  }

  #change(by: number): void {
    const index = this.#slot % slotCount;
    this.#balances[index] = (this.#balances[index] as number) + by;
    this.#balance += by;
  }

  #advance(): void {
    const now = Math.floor(this.#clock.now() / slotMs);
    const steps = Math.min(now - this.#slot, slotCount);
    for (let step = 1; step <= steps; step++) {
      const index = (this.#slot + step) % slotCount;
      this.#balance -= this.#balances[index] as number;
      this.#balances[index] = 0;
    }
    this.#slot = now;
  }
}
