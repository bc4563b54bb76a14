import type { Clock } from "../../base/clock.ts";
import { readBufferBytes, turnBytesMax, turnMs, turnShareOfHeavy } from "../../base/limits.ts";
import { giveWay } from "./give_way.ts";

/** Lines after which a look at the clock is worth it. */
const linesBetweenLooks = 16;

/** Lines after which it is counted what they were answered: most answers are short. */
const linesBetweenCounts = 4;

/** A line as long as this takes about as much as those together. */
const longLineLength = 4 * 1024;

/** A read of so much is one of several, as far as one can tell. */
const manyBytes = readBufferBytes / 2;

/** From so much of a turn on a connection has others come before it goes on. */
const heavyMs = turnMs / turnShareOfHeavy;

/**
 * Has the connections that send much take turns, one after the other, and all that is ready of
 * others come between two of them. What all connections took since the others last came counts
 * together: so a peer that sends little waits for one turn, however many send much.
 */
export class Turns {
  readonly clock: Clock;
  readonly #isAlone: () => boolean;
  readonly #giveWay: (callback: () => void) => void;
  #waiting: (() => void)[] = [];
  #round = 0;
  #spentMs = 0;

  /** @param isAlone whether there is nobody else to wait for a turn's end */
  constructor(clock: Clock, isAlone: () => boolean, pause = giveWay) {
    this.clock = clock;
    this.#isAlone = isAlone;
    this.#giveWay = pause;
  }

  /** Whether nobody else is there. */
  get isAlone(): boolean {
    return this.#isAlone();
  }

  /** A number that changes whenever others have come. */
  get round(): number {
    return this.#round;
  }

  /** What was taken by all since others came. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** A connection took so much. */
  spend(ms: number): void {
    this.#spentMs += ms;
  }

  /** Resolves when it is the next one's turn again. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#giveWay(this.#pass);
    });
  }

  readonly #pass = (): void => {
    this.#round++;
    this.#spentMs = 0;
    const resolve = this.#waiting.shift();
    if (this.#waiting.length > 0) this.#giveWay(this.#pass);
    resolve?.();
  };
}

/** What one connection has had of the current turn. */
export class Turn {
  readonly #turns: Turns;
  readonly #answered: () => number;
  #isAlone = true;
  #lines = 0;
  #round = 0;
  #spentMs = 0;
  #sinceMs = 0;
  #answeredBytes = 0;

  /** @param answered bytes that the connection was answered since it began */
  constructor(turns: Turns, answered: () => number = () => 0) {
    this.#turns = turns;
    this.#answered = answered;
  }

  /**
   * So many bytes were read and are worked on from now on. If they are few, all that had come
   * before is worked off, and the system was asked for more.
   */
  begin(bytes: number): void {
    this.#isAlone = this.#turns.isAlone;
    if (this.#isAlone) return;
    if (bytes < manyBytes) this.#spentMs = 0;
    this.#sinceMs = this.#turns.clock.now();
  }

  /** What was read is worked off, or has to wait. */
  end(): void {
    if (!this.#isAlone) this.#spend();
  }

  /** Whether the turn is over, before the next line of this length. */
  isOver(lineLength: number): boolean {
    if (this.#isAlone) return false;
    const lines = ++this.#lines;
    if (lines % linesBetweenCounts === 0 && this.#hasAnsweredMuch()) return true;
    if (lines % linesBetweenLooks !== 0 && lineLength < longLineLength) return false;
    this.#spend();
    return this.#turns.spentMs >= turnMs && this.#spentMs >= heavyMs;
  }

  #hasAnsweredMuch(): boolean {
    const answeredBytes = this.#answered();
    if (answeredBytes - this.#answeredBytes < turnBytesMax) return false;
    this.#answeredBytes = answeredBytes;
    this.#spend();
    return true;
  }

  /** Lets others have theirs. */
  async pass(): Promise<void> {
    await this.#turns.next();
    this.goOn();
  }

  /** What was read is worked on again. */
  goOn(): void {
    this.#sinceMs = this.#turns.clock.now();
  }

  #spend(): void {
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
  }
}
