import { RoundRobin } from "../../base/values/round_robin.ts";
import { turnLeadMs, turnOwedMsMax, turnsAheadMax, turnsHeldMax } from "./limits.ts";

/**
 * Why somebody waits for a turn: `short`, for short lines that came in a short read; `held`, to
 * continue with something that is in memory until its end; `begun`, to continue with something
 * else; `long`, to begin with a line that may be held.
 */
export type Work = "short" | "held" | "begun" | "long" | "any";

/** Short lines hold nothing while they wait, so they are one side, and all else is the other. */
export type Side = "short" | "long";

/** A turn that somebody waits for. */
interface Waiter {
  readonly caller: object;
  readonly work: Work;
  readonly begin: () => void;
}

/**
 * Those who wait for turns, and who is next. What holds, whatever anybody sends:
 *
 * 1. While both sides wait, each has half of the time. All time is booked in one place,
 *    {@link book}, and the side that has had less is next. What a side did not want is not owed to
 *    it: it is ahead by {@link turnLeadMs} at most when the other one comes.
 * 2. Each kind of work goes round by caller, however many connections it has. On the side of the
 *    long ones a turn of one kind costs the caller the next one of each other kind, but not two in
 *    a row: so several kinds of work give it hardly more turns, and none of them stands still.
 * 3. Work that was begun goes first, since it holds memory, but no more than {@link turnsAheadMax}
 *    times in a row while others wait to begin.
 * 4. While {@link turnsHeldMax} hold something no further long line begins.
 */
export class Waiting {
  readonly #short = new RoundRobin<object, Waiter>();
  readonly #begun = new RoundRobin<object, Waiter>();
  readonly #long = new RoundRobin<object, Waiter>();
  readonly #any = new RoundRobin<object, Waiter>();
  readonly #longQueues = [this.#begun, this.#long, this.#any];
  /** How many of those that have begun hold something. */
  #held = 0;
  /** How many of them went in a row while others waited. */
  #ahead = 0;
  #isLongNext = true;
  /** How much more time those with short lines have had than the others. */
  #leadMs = 0;

  get hasShort(): boolean {
    return this.#short.size > 0;
  }

  /** Whether anybody waits with something else than short lines. */
  get hasLong(): boolean {
    return this.#begun.size + this.#long.size + this.#any.size > 0;
  }

  /** Whether those with short lines have had more time than the others, by as much as they may. */
  get isShortAhead(): boolean {
    return this.#leadMs >= turnLeadMs;
  }

  add(waiter: Waiter): void {
    if (!this.hasShort && !this.hasLong) this.#lead(0, turnLeadMs);
    if (waiter.work === "held") this.#held++;
    this.#queueOf(waiter.work).add(waiter.caller, waiter);
  }

  /** Books time that a side had. */
  book(ms: number, side: Side): void {
    this.#lead(side === "short" ? ms : -ms, turnOwedMsMax);
  }

  #lead(ms: number, mostMs: number): void {
    this.#leadMs = Math.max(-mostMs, Math.min(mostMs, this.#leadMs + ms));
  }

  /** Removes the next one; `undefined` if nobody waits. */
  take(): Waiter | undefined {
    if (!this.hasShort || !this.hasLong) this.#lead(0, turnLeadMs);
    const isShort = this.hasShort && (this.#leadMs <= 0 || !this.hasLong);
    return isShort ? this.takeShort() : this.#takeFrom(this.#nextLong());
  }

  /** Removes the next one of those with short lines. */
  takeShort(): Waiter | undefined {
    return this.#takeFrom(this.#short);
  }

  #takeFrom(queue: RoundRobin<object, Waiter>): Waiter | undefined {
    const waiter = queue.take();
    if (waiter === undefined) return undefined;
    if (waiter.work === "held") this.#held--;
    if (queue === this.#short) return waiter;
    for (const other of this.#longQueues) if (other !== queue) other.owes(waiter.caller);
    return waiter;
  }

  #nextLong(): RoundRobin<object, Waiter> {
    const begun = this.#begun;
    const others = this.#notBegun();
    if (others.size === 0 || (begun.size > 0 && this.#ahead < turnsAheadMax)) {
      this.#ahead = others.size === 0 ? 0 : this.#ahead + 1;
      return begun;
    }
    this.#ahead = 0;
    this.#isLongNext = others === this.#any;
    return others;
  }

  /** Long lines and others in turn. */
  #notBegun(): RoundRobin<object, Waiter> {
    if (this.#long.size === 0 || this.#held >= turnsHeldMax) return this.#any;
    if (this.#any.size === 0) return this.#long;
    return this.#isLongNext ? this.#long : this.#any;
  }

  #queueOf(work: Work): RoundRobin<object, Waiter> {
    if (work === "short") return this.#short;
    if (work === "long") return this.#long;
    return work === "any" ? this.#any : this.#begun;
  }
}
