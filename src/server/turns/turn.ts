import { readBufferBytes } from "../../base/limits.ts";
import { lineFeed } from "../../wire/lines.ts";
import type { Turns } from "./turns.ts";
import type { Side, Work } from "./waiting.ts";
import {
  turnAloneMs,
  turnBytesMax,
  turnMs,
  turnPartBytes,
  turnShareOfHeavy,
  turnsInWindow,
} from "./limits.ts";

/** Most lines between two looks at the clock. If they take long there are fewer. */
const linesBetweenLooks = 16;

/** The same for a lone connection, whose turns are long: a look takes as long as a call's line. */
const linesBetweenLooksAlone = 256;

/** Looks at the clock in a turn, if further lines take as long as the last ones. */
const looksInTurn = 4;

/** Lines between two counts of the answers' bytes: most answers are short. */
const linesBetweenCounts = 4;

/** A line this long takes about as much time as {@link linesBetweenLooks} short ones. */
const longLineLength = 4 * 1024;

/** A line this long may take a whole turn, so it waits behind others that wait. */
const veryLongLineLength = readBufferBytes;

/** A line of this length takes several turns, so reading it always waits for a turn first. */
const hugeLineLength = 4 * readBufferBytes;

/** A read of this size is more than a client with 64 short calls in flight sends. */
const manyBytes = 8 * 1024;

/** So many short reads may come in a row on a connection that sends much. */
const shortReadsOfMuch = 16;

/** The part of the current turn that one connection has taken. */
export class Turn {
  readonly #turns: Turns;
  readonly #caller: object;
  readonly #answered: () => number;
  #lengthMs = turnMs;
  #isLong = false;
  #isLineLong = false;
  #shortReads = shortReadsOfMuch;
  #windowStartMs = -Infinity;
  #lines = 0;
  #linesAtLook = 0;
  #untilLook = 1;
  /** The last one that it waited for. */
  #ownRound = -1;
  #ownSide: Side = "short";
  #round = 0;
  #spentMs = 0;
  #sinceMs = 0;
  #answeredBytes = 0;
  #answeredRound = 0;

  /**
   * @param caller the caller, the same object for all its connections
   * @param answered tells how many bytes of answers the connection was given so far
   */
  constructor(turns: Turns, caller: object, answered: () => number = () => 0) {
    this.#turns = turns;
    this.#caller = caller;
    this.#answered = answered;
  }

  /** To be called before the work on a read of so many bytes. */
  begin(bytes: number): void {
    const turns = this.#turns;
    this.#isLong = bytes >= manyBytes;
    this.#isLineLong = false;
    this.#shortReads = this.#isLong ? 0 : this.#shortReads + 1;
    if (this.#shortReads > shortReadsOfMuch) turns.came();
    this.#lengthMs = turns.lengthOf(this.#isLong);
    // Others had their turns since it was counted.
    if (this.#answeredRound !== turns.round) this.#countAnswers();
    this.goOn();
    if (this.#sinceMs - this.#windowStartMs <= turnsInWindow * this.#lengthMs) return;
    this.#windowStartMs = this.#sinceMs;
    this.#spentMs = 0;
  }

  /**
   * The part of what was read whose lines are to be cut at once. What is cut is held until its
   * turns have come, and is copied by collections of young objects, for which everybody waits.
   */
  partOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (!this.#isLong || this.#isAlone || bytes.length <= turnPartBytes) return bytes;
    const end = bytes.subarray(0, turnPartBytes).lastIndexOf(lineFeed) + 1;
    // The first line is longer: that one, or all of them would be cut.
    const part = end > 0 ? end : bytes.indexOf(lineFeed, turnPartBytes) + 1;
    return part === 0 ? bytes : bytes.subarray(0, part);
  }

  /** Ends or interrupts the work on what was read. */
  end(): void {
    this.#spend();
  }

  /** Whether the turn is over, given the length of the next line. */
  isOver(lineLength: number): boolean {
    const lines = this.#lines++;
    this.#isLineLong = lineLength >= veryLongLineLength;
    if (this.#isLineLong && this.#mustQueue(lineLength)) return true;
    if (lines % linesBetweenCounts === 0 && this.#hasAnsweredMuch()) return true;
    if (--this.#untilLook > 0 && lineLength < longLineLength) return false;
    return this.#look(lines);
  }

  get #isAlone(): boolean {
    return this.#lengthMs === turnAloneMs;
  }

  #mustQueue(lineLength: number): boolean {
    if (this.#isAlone) return false;
    return lineLength >= hugeLineLength || this.#turns.isWaitedFor;
  }

  /** Whether the turn is over according to the clock. */
  isOverNow(): boolean {
    return this.#look(this.#lines);
  }

  /** @param lines how many were handled */
  #look(lines: number): boolean {
    const ms = this.#spend();
    const sinceLook = lines - this.#linesAtLook;
    this.#linesAtLook = lines;
    // As many as fit between two looks, if they take as long as the last ones.
    const most = this.#isAlone ? linesBetweenLooksAlone : linesBetweenLooks;
    const fitting = sinceLook === 0 || ms === 0
      ? sinceLook * most
      : this.#lengthMs / looksInTurn * sinceLook / ms;
    this.#untilLook = Math.max(1, Math.min(most, Math.floor(fitting)));
    return this.#turns.spentMs >= this.#lengthMs && this.#isHeavy;
  }

  /** Whether the connection sends much, and so has to wait for its turn. */
  get #isHeavy(): boolean {
    return this.#spentMs >= this.#lengthMs / turnShareOfHeavy ||
      (this.#isLong && this.#turns.isWaitedFor);
  }

  #hasAnsweredMuch(): boolean {
    if (this.#isAlone) return false;
    if (this.#answered() - this.#answeredBytes < turnBytesMax) return false;
    this.#spend();
    return true;
  }

  /**
   * Lets others have their turns.
   *
   * @param hasBegun whether something is held in memory until this continues
   */
  async pass(hasBegun = false): Promise<void> {
    const work = hasBegun ? "held" : this.#work;
    await this.#turns.next(this.#caller, work);
    this.#ownSide = work === "short" ? "short" : "long";
    this.#lengthMs = this.#turns.lengthOf(this.#isLong);
    this.#ownRound = this.#turns.round;
    this.#countAnswers();
    this.goOn();
  }

  /** What was answered so far was answered in earlier turns. */
  #countAnswers(): void {
    this.#answeredRound = this.#turns.round;
    this.#answeredBytes = this.#answered();
  }

  get #work(): Work {
    if (this.#isLineLong) return "long";
    return this.#isLong ? "any" : "short";
  }

  /** Who sends little is on no side, unless this is a turn that it had to wait for. */
  get #side(): Side | undefined {
    if (this.#isLong || this.#isLineLong) return "long";
    return this.#ownRound === this.#turns.round ? this.#ownSide : undefined;
  }

  /** Continues the work on what was read. */
  goOn(): void {
    this.#sinceMs = this.#turns.clock.now();
  }

  #spend(): number {
    const turns = this.#turns;
    const nowMs = turns.clock.now();
    const ms = nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
    turns.spend(ms, this.#side);
    if (this.#round !== turns.round) {
      this.#round = turns.round;
      this.#spentMs = 0;
    }
    this.#spentMs += ms;
    return ms;
  }
}
