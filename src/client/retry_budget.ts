import type { Clock } from "../base/clock.ts";

/** How long a call's deposit is valid, in milliseconds: as in Finagle. */
const windowMs = 10_000;

/** Share of the reserve for retries after Overloaded: by default one retry every two seconds. */
const overloadReserveShare = 0.1;

const slotMs = 1_000;
const slotCount = windowMs / slotMs;

/**
 * Bounds retries as a share of all calls, and not as a count for each call. When everything fails,
 * three retries for each call mean four times the load on failing servers, but a budget of 20 %
 * means 1.2 times the load. The defaults and the window are those of Finagle's `RetryBudget`.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #share: number;
  readonly #reserve: number;
  /** Deposits minus retries of each slot of the window; the current one is `#slot % slotCount`. */
  readonly #balances = new Float64Array(slotCount);
  #slot: number;
  #balance = 0;

  /**
   * @param share retries that a call earns. @default 0.2
   * @param perSecond free retries each second, for clients with few calls. @default 10
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

  /** Adds the deposit of a new call. `nowMs` saves a look at the clock. */
  deposit(nowMs?: number): void {
    this.#advance(nowMs);
    this.#change(this.#share);
  }

  /** Takes one retry, or returns `false` if there is none. */
  spend(): boolean {
    return this.#spend(this.#reserve, 1);
  }

  /**
   * As {@link spend}, for a retry after Overloaded. It costs twice as much, and only a small
   * reserve is free: otherwise the free retries of many clients with few calls would be more than
   * their calls.
   */
  spendUnderOverload(): boolean {
    return this.#spend(this.#reserve * overloadReserveShare, 2);
  }

  #spend(reserve: number, cost: number): boolean {
    this.#advance();
    if (reserve + this.#balance + 1e-9 < cost) return false;
    this.#change(-cost);
    return true;
  }

  #change(by: number): void {
    const index = this.#slot % slotCount;
    this.#balances[index] = (this.#balances[index] as number) + by;
    this.#balance += by;
  }

  #advance(nowMs = this.#clock.now()): void {
    const now = Math.floor(nowMs / slotMs);
    const steps = Math.min(now - this.#slot, slotCount);
    for (let step = 1; step <= steps; step++) {
      const index = (this.#slot + step) % slotCount;
      this.#balance -= this.#balances[index] as number;
      this.#balances[index] = 0;
    }
    // A time that several calls share may be of the slot before.
    this.#slot = Math.max(this.#slot, now);
  }
}
