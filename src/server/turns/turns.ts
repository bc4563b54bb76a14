import type { Clock, Timer } from "../../base/clock.ts";
import { giveWay, others } from "../../base/system/give_way.ts";
import {
  turnAloneMs,
  turnBriefMs,
  turnBytesPerMs,
  turnMs,
  turnOwedFromMs,
  turnOwedLookMs,
  turnOwedMsMax,
  turnOwedMsMin,
  turnOwedTimes,
  turnReadBytes,
  turnsBrief,
  turnShortMs,
} from "./limits.ts";
import { type Side, Waiting, type Work } from "./waiting.ts";

/**
 * Makes callers that send much take turns, one after the other; {@link Waiting} says whose is next.
 * A turn is the time that all connections together took since the last one: so a peer that sends
 * little waits for one turn, however many send much. What holds, whatever anybody sends:
 *
 * 1. Between two turns, everything that is ready on other connections is handled.
 * 2. A turn lasts {@link turnMs}, or {@link turnBriefMs} while somebody is noticed who sends
 *    little.
 * 3. After a piece of {@link turnOwedFromMs} or more, which could not be interrupted, the others
 *    are served for {@link turnOwedTimes} as long, {@link turnOwedMsMin} at least, as long as they
 *    ask. Callers with short lines are among these others, and have turns meanwhile, until they
 *    have had more than their half.
 */
export class Turns {
  readonly clock: Clock;
  readonly #isAlone: () => boolean;
  readonly #giveWay: (callback: () => void) => void;
  readonly #waiting = new Waiting();
  #isPassing = false;
  /** Whether the time until the next turn is left to others, those with short lines included. */
  #isLeftToShort = false;
  /** When it is looked whether they use it. */
  #left: Timer | undefined;
  /** Whether one of them is about to have a turn. */
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

  /** The part of a buffer that short messages are to be read into in one piece. */
  partToRead(buffer: Uint8Array): Uint8Array {
    return this.isBrief ? buffer.subarray(0, turnReadBytes) : buffer;
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

  /**
   * Adds the time that a connection took.
   *
   * @param side whose time it was; `undefined`: of one who sends little, and has no turns
   */
  spend(ms: number, side?: Side): void {
    this.#spentMs += ms;
    if (side !== undefined) this.#waiting.book(ms, side);
    if (ms <= this.#longestMs) return;
    this.#longestMs = ms;
    this.#isLongestShort = side !== "long";
  }

  /** Adds what the system took to move bytes of long messages, while no clock of ours ran. */
  moved(bytes: number): void {
    this.#waiting.book(bytes / turnBytesPerMs, "long");
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
    return new Promise((begin) => {
      this.#waiting.add({ caller, work, begin });
      if (this.#isLeftToShort && work === "short") this.#soonShort();
      if (this.#isPassing) return;
      this.#isPassing = true;
      this.#giveWay(this.#pass);
    });
  }

  readonly #pass = (): void => {
    const longestMs = this.#longestMs;
    const isShortLeft = this.#waiting.hasShort && !this.#isLongestShort;
    const isOthers = this.#othersReads > 0 || isShortLeft;
    if (longestMs < turnOwedFromMs || !isOthers) return this.#go();
    this.#longestMs = 0;
    this.#isLeftToShort = !this.#isLongestShort;
    const owedMs = Math.max(turnOwedMsMin, longestMs * turnOwedTimes);
    this.#leave(this.clock.now() + Math.min(owedMs, turnOwedMsMax));
    this.#goShort();
  };

  /** Leaves the time until then to the others, or until they make no more use of it. */
  #leave(untilMs: number): void {
    const reads = this.#othersReads;
    this.#left = this.clock.after(turnOwedLookMs, () => {
      const isUsed = this.#othersReads > reads;
      if (isUsed && this.clock.now() < untilMs) this.#leave(untilMs);
      else this.#endLeft();
    });
  }

  #endLeft(): void {
    this.#left?.cancel();
    this.#isLeftToShort = false;
    this.#go();
  }

  #soonShort(): void {
    if (this.#isShortSoon) return;
    this.#isShortSoon = true;
    this.#giveWay(() => {
      this.#isShortSoon = false;
      this.#goShort();
    });
  }

  /** A turn of one with short lines, in the time that is left to others. */
  #goShort(): void {
    if (!this.#isLeftToShort || !this.#waiting.hasShort) return;
    // Whoever takes long with short lines, too, waits until that time is over.
    if (this.#longestMs >= turnOwedFromMs) return;
    // They want more than their half, so nothing is owed to them any more.
    if (this.#waiting.isShortAhead) return this.#endLeft();
    this.#othersReads++;
    const waiter = this.#waiting.takeShort();
    if (this.#waiting.hasShort) this.#soonShort();
    this.#begin(waiter);
  }

  #go(): void {
    if (this.#othersReads > 0) this.#briefRounds = turnsBrief;
    else if (this.#briefRounds > 0) this.#briefRounds--;
    others.ask = this.isBrief;
    this.#longestMs = 0;
    this.#othersReads = 0;
    const waiter = this.#waiting.take();
    this.#isPassing = this.#waiting.hasShort || this.#waiting.hasLong;
    if (this.#isPassing) this.#giveWay(this.#pass);
    this.#begin(waiter);
  }

  #begin(waiter: { begin(): void } | undefined): void {
    this.#round++;
    this.#spentMs = 0;
    waiter?.begin();
  }
}
