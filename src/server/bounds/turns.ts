import type { Clock } from "../../base/clock.ts";
import {
  readBufferBytes,
  turnAloneMs,
  turnBytesMax,
  turnMs,
  turnOwedFromMs,
  turnOwedMsMax,
  turnOwedTimes,
  turnsAheadMax,
  turnShareOfHeavy,
  turnShortMs,
  turnsInWindow,
} from "../../base/limits.ts";
import { giveWay } from "../../base/system/give_way.ts";

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

/**
 * Makes callers that send much take turns, one after the other. Between two turns, everything that
 * is ready on other connections is handled. A turn is the time that all connections together took
 * since then: so a peer that sends little waits for one turn, however many send much.
 *
 * A caller gets one turn after each other caller that waits, however many connections it has.
 */
export class Turns {
  readonly clock: Clock;
  readonly #isAlone: () => boolean;
  readonly #giveWay: (callback: () => void) => void;
  /** Those that wait, by caller. The caller that had the last turn is the last. */
  readonly #waiting: Queues = new Map();
  /** Those that hold something in memory until they continue. They go before the others. */
  readonly #begun: Queues = new Map();
  /** How many of these went in a row while others waited. */
  #ahead = 0;
  #isPassing = false;
  #round = 0;
  #spentMs = 0;
  /** The longest piece of it that was not interrupted. */
  #longestMs = 0;
  #othersReads = 0;

  /** @param isAlone tells whether there is only one connection */
  constructor(clock: Clock, isAlone: () => boolean, pause = giveWay) {
    this.clock = clock;
    this.#isAlone = isAlone;
    this.#giveWay = pause;
  }

  /** The length of a turn. A lone connection pauses too, since others may want to connect. */
  lengthOf(isLong: boolean): number {
    if (this.#isAlone()) return turnAloneMs;
    return isLong ? turnMs : turnShortMs;
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

  /** Adds the time that a connection took. */
  spend(ms: number): void {
    this.#spentMs += ms;
    if (ms > this.#longestMs) this.#longestMs = ms;
  }

  /** Notes that something arrived on a connection that does not wait for a turn. */
  came(): void {
    if (this.#isPassing) this.#othersReads++;
  }

  /**
   * Resolves when the caller's next turn begins.
   *
   * @param hasBegun whether something is held in memory until then
   */
  next(caller: object, hasBegun = false): Promise<void> {
    return new Promise((resolve) => {
      queueOf(hasBegun ? this.#begun : this.#waiting, caller).push(resolve);
      if (this.#isPassing) return;
      this.#isPassing = true;
      this.#giveWay(this.#pass);
    });
  }

  /**
   * If something that cannot be interrupted made the others wait for much longer than a turn, the
   * next turn begins only after a multiple of that time, provided that the others use it.
   */
  readonly #pass = (): void => {
    const owedMs = this.#longestMs < turnOwedFromMs || this.#othersReads === 0
      ? 0
      : Math.min(this.#longestMs * turnOwedTimes, turnOwedMsMax);
    if (owedMs === 0) this.#go();
    else this.clock.after(owedMs, this.#go);
  };

  readonly #go = (): void => {
    this.#round++;
    this.#spentMs = 0;
    this.#longestMs = 0;
    this.#othersReads = 0;
    const resolve = this.#takeNext();
    this.#isPassing = this.#waiting.size > 0 || this.#begun.size > 0;
    if (this.#isPassing) this.#giveWay(this.#pass);
    resolve?.();
  };

  #takeNext(): (() => void) | undefined {
    const [begun, waiting] = [this.#begun, this.#waiting];
    if (waiting.size === 0 || (begun.size > 0 && this.#ahead < turnsAheadMax)) {
      this.#ahead = waiting.size === 0 ? 0 : this.#ahead + 1;
      return takeFirst(begun);
    }
    this.#ahead = 0;
    return takeFirst(waiting);
  }
}

type Queues = Map<object, (() => void)[]>;

function queueOf(queues: Queues, caller: object): (() => void)[] {
  let queue = queues.get(caller);
  if (queue === undefined) queues.set(caller, queue = []);
  return queue;
}

function takeFirst(queues: Queues): (() => void) | undefined {
  for (const [caller, queue] of queues) {
    queues.delete(caller);
    const resolve = queue.shift();
    if (queue.length > 0) queues.set(caller, queue);
    return resolve;
  }
  return undefined;
}

/** The part of the current turn that one connection has taken. */
export class Turn {
  readonly #turns: Turns;
  readonly #caller: object;
  readonly #answered: () => number;
  #lengthMs = turnMs;
  #isLong = false;
  #windowStartMs = -Infinity;
  #lines = 0;
  #linesAtLook = 0;
  #untilLook = 1;
  #round = 0;
  #spentMs = 0;
  #sinceMs = 0;
  #answeredBytes = 0;

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
    turns.came();
    this.#isLong = bytes >= manyBytes;
    this.#lengthMs = turns.lengthOf(this.#isLong);
    this.goOn();
    if (this.#sinceMs - this.#windowStartMs <= turnsInWindow * this.#lengthMs) return;
    this.#windowStartMs = this.#sinceMs;
    this.#spentMs = 0;
  }

  /** Ends or interrupts the work on what was read. */
  end(): void {
    this.#spend();
  }

  /** Whether the turn is over, given the length of the next line. */
  isOver(lineLength: number): boolean {
    const lines = this.#lines++;
    if (lineLength >= veryLongLineLength && this.#mustQueue(lineLength)) return true;
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
    const answeredBytes = this.#answered();
    if (answeredBytes - this.#answeredBytes < turnBytesMax) return false;
    this.#answeredBytes = answeredBytes;
    this.#spend();
    return true;
  }

  /**
   * Lets others have their turns.
   *
   * @param hasBegun whether something is held in memory until this continues
   */
  async pass(hasBegun = false): Promise<void> {
    await this.#turns.next(this.#caller, hasBegun);
    this.goOn();
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
    turns.spend(ms);
    if (this.#round !== turns.round) {
      this.#round = turns.round;
      this.#spentMs = 0;
    }
    this.#spentMs += ms;
    return ms;
  }
}
