import type { Clock } from "../base/clock.ts";

/** How long calls earn retries for, in milliseconds: Finagle's time to live. */
const windowMs = 10_000;

/**
 * What of the reserve is there for retries after Overloaded: with the defaults one every two
 * seconds.
 */
const overloadReserveShare = 0.1;

const slotMs = 1_000;
const slotCount = windowMs / slotMs;

/**
 * How many retries are allowed, as a share of calls and not a count for each: when everything
 * fails, a count of three means four times the load, on servers that are failing already, and a
 * budget of 20 % means 1.2 times, always. The defaults and the window are those of Finagle's
 * `RetryBudget`.
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

  /** A new call, not a retry: it earns. `nowMs` spares a look at the clock. */
  deposit(nowMs?: number): void {
    this.#advance(nowMs);
    this.#change(this.#share);
  }

  /** Takes one retry out, or returns `false` if there is none. */
  spend(): boolean {
    return this.#spend(this.#reserve, 1);
  }

  /**
   * As {@link spend}, for a server that has too much to do already. Such a retry costs twice as
   * much, and only a small reserve is free: otherwise many clients that make few calls each, and
   * all may use the whole reserve, would add more to the load than their calls.
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
    this.#slot = now;
  }
}
