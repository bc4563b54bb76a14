/** What the end of one call leaves to be written. */
export interface Leavings {
  /** A line for stdout. */
  readonly result: string | undefined;
  /** A line for those who want to run it again. */
  readonly failed: string | undefined;
}

/** Calls that may be begun before an earlier one has ended, at least. */
const aheadMin = 1_024;

/** Characters of results that may wait for that of an earlier call. */
const heldMax = 16 * 1024 * 1024;

/**
 * Brings what calls leave into the order of the calls, in bounded memory: while too much waits for a
 * slow call, no others should begin.
 */
export class ResultOrder {
  readonly #write: (leavings: Leavings) => void;
  readonly #aheadMax: number;
  readonly #early = new Map<number, Leavings>();
  #held = 0;
  #next = 0;
  #begun = 0;
  #waiting: (() => void)[] = [];

  /** @param write takes what calls leave, in order */
  constructor(concurrency: number, write: (leavings: Leavings) => void) {
    this.#aheadMax = aheadMin + 16 * concurrency;
    this.#write = write;
  }

  /** Whether another call may begin. */
  get hasRoom(): boolean {
    return this.#begun - this.#next < this.#aheadMax && this.#held <= heldMax;
  }

  /** Counts a call, and returns its place. */
  begin(): number {
    return this.#begun++;
  }

  /** The call of that place has ended. */
  end(place: number, leavings: Leavings): void {
    this.#early.set(place, leavings);
    this.#held += sizeOf(leavings);
    let early = this.#early.get(this.#next);
    while (early !== undefined) {
      this.#early.delete(this.#next++);
      this.#held -= sizeOf(early);
      this.#write(early);
      early = this.#early.get(this.#next);
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when a call has ended. */
  oneEnds(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function sizeOf({ result, failed }: Leavings): number {
  return (result?.length ?? 0) + (failed?.length ?? 0);
}
