import type { Clock } from "../../base/clock.ts";
import { readBufferBytes, turnBytesMax, turnMs, turnShareOfHeavy } from "../../base/limits.ts";
import { giveWay } from "../../base/system/give_way.ts";

/** Lines between two looks at the clock. */
const linesBetweenLooks = 16;

/** Lines between two counts of the answers' bytes: most answers are short. */
const linesBetweenCounts = 4;

/** A line this long takes about as much time as {@link linesBetweenLooks} short ones. */
const longLineLength = 4 * 1024;

/** A read of this size is most likely followed by more. */
const manyBytes = readBufferBytes / 2;

/** A connection that took this much of a turn lets others go first. */
const heavyMs = turnMs / turnShareOfHeavy;

/**
 * Makes connections that send much take turns, one after the other. Between two turns, everything
 * that is ready on other connections is handled. A turn is the time that all connections together
 * took since then: so a peer that sends little waits for one turn, however many send much.
 */
export class Turns {
  readonly clock: Clock;
  readonly #isAlone: () => boolean;
  readonly #giveWay: (callback: () => void) => void;
  #waiting: (() => void)[] = [];
  #round = 0;
  #spentMs = 0;

  /** @param isAlone tells whether there is only one connection */
  constructor(clock: Clock, isAlone: () => boolean, pause = giveWay) {
    this.clock = clock;
    this.#isAlone = isAlone;
    this.#giveWay = pause;
  }

  /** Whether there is only one connection. */
  get isAlone(): boolean {
    return this.#isAlone();
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
  }

  /** Resolves when the caller's next turn begins. */
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

/** The part of the current turn that one connection has taken. */
export class Turn {
  readonly #turns: Turns;
  readonly #answered: () => number;
  #isAlone = true;
  #lines = 0;
  #round = 0;
  #spentMs = 0;
  #sinceMs = 0;
  #answeredBytes = 0;

  /** @param answered tells how many bytes of answers the connection was given so far */
  constructor(turns: Turns, answered: () => number = () => 0) {
    this.#turns = turns;
    this.#answered = answered;
  }

  /**
   * Begins work on a read of so many bytes. If they are few, everything that arrived before was
   * handled, and the system was polled for more.
   */
  begin(bytes: number): void {
    this.#isAlone = this.#turns.isAlone;
    if (this.#isAlone) return;
    if (bytes < manyBytes) this.#spentMs = 0;
    this.#sinceMs = this.#turns.clock.now();
  }

  /** Ends or interrupts the work on what was read. */
  end(): void {
    if (!this.#isAlone) this.#spend();
  }

  /** Whether the turn is over, given the length of the next line. */
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

  /** Lets others have their turns. */
  async pass(): Promise<void> {
    await this.#turns.next();
    this.goOn();
  }

  /** Continues the work on what was read. */
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
