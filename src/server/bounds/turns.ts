import type { Clock } from "../../base/clock.ts";
import { contestedTurnMs, readBufferBytes, turnMs } from "../../base/limits.ts";

/** Lines after which a look at the clock is worth it. */
const linesBetweenLooks = 16;

/** A line as long as this takes about as much as those together. */
const longLineLength = 4 * 1024;

/** A read of so much is one of several, as far as one can tell. */
const manyBytes = readBufferBytes / 2;

/**
 * Has the connections that send much take turns, one after the other, and all that is ready of
 * others come between two of them. So what somebody waits who sends little is one turn, however
 * many send much.
 */
export class Turns {
  readonly clock: Clock;
  readonly #isAlone: () => boolean;
  #waiting: (() => void)[] = [];

  /** @param isAlone whether there is nobody else to wait for a turn's end */
  constructor(clock: Clock, isAlone: () => boolean) {
    this.clock = clock;
    this.#isAlone = isAlone;
  }

  /** How long one turn is. The more take turns the less each needs one that is long. */
  get turnMs(): number {
    return this.#waiting.length > 0 ? contestedTurnMs : turnMs;
  }

  /** Whether nobody else is there. */
  get isAlone(): boolean {
    return this.#isAlone();
  }

  /**
   * Resolves when it is the next one's turn again: by a timer, since the system is asked what else
   * has come only when there is nothing to do for a moment.
   */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.clock.after(0, this.#pass);
    });
  }

  readonly #pass = (): void => {
    const resolve = this.#waiting.shift();
    if (this.#waiting.length > 0) this.clock.after(0, this.#pass);
    resolve?.();
  };
}

/**
 * What one connection has had of its turn, over several reads if they follow each other at once.
 */
export class Turn {
  readonly #turns: Turns;
  #isAlone = true;
  #lines = 0;
  #spentMs = 0;
  #sinceMs = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /**
   * So many bytes were read. If they are few, all that had come is worked off, and a new turn
   * begins.
   */
  begin(bytes: number): void {
    this.#isAlone = this.#turns.isAlone;
    if (this.#isAlone) return;
    this.#sinceMs = this.#turns.clock.now();
    if (bytes < manyBytes) this.#spentMs = 0;
  }

  /** All that was read is worked off. */
  end(): void {
    if (!this.#isAlone) this.#spentMs += this.#turns.clock.now() - this.#sinceMs;
  }

  /** Whether the turn is over, before the next line of this length. */
  isOver(lineLength: number): boolean {
    if (this.#isAlone) return false;
    if (++this.#lines % linesBetweenLooks !== 0 && lineLength < longLineLength) return false;
    const spentMs = this.#spentMs + this.#turns.clock.now() - this.#sinceMs;
    return spentMs >= this.#turns.turnMs;
  }

  /** Lets others have theirs. */
  async pass(): Promise<void> {
    await this.#turns.next();
    this.#spentMs = 0;
    this.#sinceMs = this.#turns.clock.now();
  }
}
