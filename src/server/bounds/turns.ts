import type { Clock } from "../../base/clock.ts";
import { bytesBetweenPauses, giveWay, type LongWork } from "../../base/system/give_way.ts";
import { RoundRobin } from "../../base/values/round_robin.ts";
import {
  turnAloneMs,
  turnBriefMs,
  turnLeadMs,
  turnMs,
  turnOwedFromMs,
  turnOwedLookMs,
  turnOwedMsMax,
  turnOwedMsMin,
  turnOwedTimes,
  turnReadBytes,
  turnReadBytesLong,
  turnsAheadMax,
  turnsBrief,
  turnsHeldMax,
  turnShortMs,
  turnStepBytes,
} from "./turn_limits.ts";

/**
 * Why somebody waits for a turn: `held`, to continue with something that is in memory until its
 * end; `begun`, to continue with something else; `long`, to begin with a line that may be held;
 * `short`, for short lines that came in a short read.
 */
type Work = "held" | "begun" | "long" | "short" | "any";

/**
 * Makes callers that send much take turns, one after the other. Between two turns, everything that
 * is ready on other connections is handled. A turn is the time that all connections together took
 * since then: so a peer that sends little waits for one turn, however many send much.
 *
 * A caller gets one turn after each other caller that waits, however many connections it has. Those
 * with short lines go first until they have taken as much time as the others.
 */
export class Turns {
  readonly clock: Clock;
  readonly #isAlone: () => boolean;
  readonly #giveWay: (callback: () => void) => void;
  /** Those that wait, by caller. */
  readonly #waiting: Queue = new RoundRobin();
  /** Those whose next line is long, which may be held until it is finished. */
  readonly #long: Queue = new RoundRobin();
  /** Those with short lines, which hold nothing while they wait. */
  readonly #short: Queue = new RoundRobin();
  /** Those that have begun something, and may hold it until they continue. They go first. */
  readonly #begun: Queue = new RoundRobin();
  /** How many of these hold something. */
  #held = 0;
  #isLongNext = true;
  /** How many of these went in a row while others waited. */
  #ahead = 0;
  #isPassing = false;
  /** Whether it is the turn of one with short lines. */
  #isShortTurn = false;
  /** How much more time those with short lines have taken than others, within bounds. */
  #leadMs = 0;
  /** Whether those with short lines may have turns in the time that is left to others. */
  #isLeftToShort = false;
  /** Whether one of them is about to have one. */
  #isShortSoon = false;
  #round = 0;
  #spentMs = 0;
  /** The longest piece of it that was not interrupted. */
  #longestMs = 0;
  /** Whether that piece was of short lines. */
  #isLongestShort = false;
  #othersReads = 0;
  /** Rounds for which turns are brief still. */
  #briefRounds = 0;

  /** @param isAlone tells whether there is only one connection */
  constructor(clock: Clock, isAlone: () => boolean, pause = giveWay) {
    this.clock = clock;
    this.#isAlone = isAlone;
    this.#giveWay = pause;
  }

  /** The length of a turn. A lone connection pauses too, since others may want to connect. */
  lengthOf(isLong: boolean): number {
    if (this.#isAlone()) return turnAloneMs;
    if (!isLong) return turnShortMs;
    return this.isBrief ? turnBriefMs : turnMs;
  }

  /** Whether others were lately noticed who send little, so that turns are brief. */
  get isBrief(): boolean {
    return this.#briefRounds > 0;
  }

  /** The part of a buffer that is to be read in one piece. */
  partToRead(buffer: Uint8Array, isLongMessage: boolean): Uint8Array {
    if (!this.isBrief) return buffer;
    return buffer.subarray(0, isLongMessage ? turnReadBytesLong : turnReadBytes);
  }

  /** Whether anybody waits for a turn. */
  get isWaitedFor(): boolean {
    return this.#isPassing;
  }

  /** A number that changes whenever others had their chance. */
  get round(): number {
    return this.#round;
  }

  /** How long all connections took since then. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** Adds the time that a connection took, for short lines or others. */
  spend(ms: number, isShort = false): void {
    this.#spentMs += ms;
    if (ms <= this.#longestMs) return;
    this.#longestMs = ms;
    this.#isLongestShort = isShort;
  }

  /** Notes that something short arrived on a connection that does not wait for a turn. */
  came(): void {
    if (this.#isPassing) this.#othersReads++;
  }

  /**
   * Resolves when the caller's next turn begins.
   *
   * @param work why it waits
   */
  next(caller: object, work: Work = "any"): Promise<void> {
    return new Promise((resolve) => {
      if (work === "held") this.#held++;
      this.#queueOf(work).add(caller, () => {
        if (work === "held") this.#held--;
        resolve();
      });
      if (this.#isLeftToShort && work === "short") this.#soonShort();
      if (this.#isPassing) return;
      this.#isPassing = true;
      this.#giveWay(this.#pass);
    });
  }

  /**
   * If something that cannot be interrupted made the others wait for much longer than a turn, the
   * next turn begins only after a multiple of that time, provided that the others use it. Those
   * with short lines are among these others, unless it was one of theirs.
   */
  readonly #pass = (): void => {
    const longestMs = this.#longestMs;
    const isOthers = this.#othersReads > 0 || (this.#short.size > 0 && !this.#isLongestShort);
    if (longestMs < turnOwedFromMs || !isOthers) return this.#go();
    this.#longestMs = 0;
    this.#isLeftToShort = !this.#isLongestShort;
    if (this.#isLeftToShort && this.#short.size > 0) this.#goShort();
    const owedMs = Math.max(turnOwedMsMin, longestMs * turnOwedTimes);
    this.#leave(this.clock.now() + Math.min(owedMs, turnOwedMsMax));
  };

  /** Leaves the time until then to the others, or until they make no more use of it. */
  #leave(untilMs: number): void {
    const reads = this.#othersReads;
    this.clock.after(turnOwedLookMs, () => {
      const isUsed = this.#othersReads > reads;
      if (isUsed && this.clock.now() < untilMs) return this.#leave(untilMs);
      this.#isLeftToShort = false;
      this.#go();
    });
  }

  #soonShort(): void {
    if (this.#isShortSoon) return;
    this.#isShortSoon = true;
    this.#giveWay(() => {
      this.#isShortSoon = false;
      // Whoever takes long with short lines, too, waits until that time is over.
      if (this.#isLeftToShort && this.#longestMs < turnOwedFromMs) this.#goShort();
    });
  }

  /** A turn of one with short lines, in the time that is left to others. */
  #goShort(): void {
    this.#round++;
    this.#spentMs = 0;
    this.#othersReads++;
    const resolve = this.#short.take();
    if (this.#short.size > 0) this.#soonShort();
    resolve?.();
  }

  readonly #go = (): void => {
    if (this.#othersReads > 0) this.#briefRounds = turnsBrief;
    else if (this.#briefRounds > 0) this.#briefRounds--;
    const leadMs = this.#leadMs + (this.#isShortTurn ? this.#spentMs : -this.#spentMs);
    this.#leadMs = Math.max(-turnLeadMs, Math.min(turnLeadMs, leadMs));
    this.#round++;
    this.#spentMs = 0;
    this.#longestMs = 0;
    this.#othersReads = 0;
    const resolve = this.#takeNext();
    this.#isPassing = this.#short.size + this.#longer > 0;
    if (this.#isPassing) this.#giveWay(this.#pass);
    resolve?.();
  };

  /** Callers that wait with something else than short lines. */
  get #longer(): number {
    return this.#waiting.size + this.#long.size + this.#begun.size;
  }

  #takeNext(): (() => void) | undefined {
    this.#isShortTurn = this.#short.size > 0 && (this.#leadMs <= 0 || this.#longer === 0);
    if (this.#isShortTurn) return this.#short.take();
    const begun = this.#begun;
    const others = this.#others();
    if (others.size === 0 || (begun.size > 0 && this.#ahead < turnsAheadMax)) {
      this.#ahead = others.size === 0 ? 0 : this.#ahead + 1;
      return begun.take();
    }
    this.#ahead = 0;
    this.#isLongNext = others === this.#waiting;
    return others.take();
  }

  #queueOf(work: Work): Queue {
    if (work === "short") return this.#short;
    if (work === "long") return this.#long;
    return work === "any" ? this.#waiting : this.#begun;
  }

  /** Those that have not begun, long lines and others in turn. */
  #others(): Queue {
    if (this.#long.size === 0 || this.#held >= turnsHeldMax) return this.#waiting;
    if (this.#waiting.size === 0) return this.#long;
    return this.#isLongNext ? this.#long : this.#waiting;
  }

  /** Steps in which a caller's long messages are worked on, a turn for each. */
  stepsOf(caller: object): LongWork {
    return new Steps(this, caller);
  }
}

type Queue = RoundRobin<object, () => void>;

class Steps implements LongWork {
  readonly #turns: Turns;
  readonly #caller: object;
  #bytes = 0;

  constructor(turns: Turns, caller: object) {
    this.#turns = turns;
    this.#caller = caller;
  }

  get stepBytes(): number {
    return this.#turns.isBrief ? turnStepBytes : bytesBetweenPauses;
  }

  after(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes;
    if (this.#bytes < this.stepBytes) return undefined;
    this.#bytes = 0;
    return this.#turns.next(this.#caller, "begun");
  }
}
