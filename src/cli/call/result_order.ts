/** How many calls may at least begin before an earlier one has ended. */
const aheadMin = 1_024;

/** Characters of results that may wait for an earlier call. */
const heldMax = 16 * 1024 * 1024;

interface Early<Leavings> {
  readonly leavings: Leavings;
  readonly size: number;
}

/**
 * Brings the output of calls into the order of the calls, in bounded memory: while too much waits
 * for a slow call, no others should begin.
 */
export class ResultOrder<Leavings> {
  readonly #write: (leavings: Leavings) => void;
  readonly #aheadMax: number;
  readonly #early = new Map<number, Early<Leavings>>();
  /** Calls that wait until all before them have ended, by place. */
  readonly #turns = new Map<number, () => void>();
  #held = 0;
  #next = 0;
  #begun = 0;
  #isReleased = false;

  /** @param write takes the output of calls, in order */
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

  /** Resolves when all calls before a place have ended, or at {@link release}. */
  async turnOf(place: number): Promise<void> {
    if (place === this.#next || this.#isReleased) return;
    await new Promise<void>((resolve) => this.#turns.set(place, resolve));
  }

  /** Ends all waiting for turns, which may never come. */
  release(): void {
    this.#isReleased = true;
    for (const resume of this.#turns.values()) resume();
    this.#turns.clear();
  }

  /** Ends the call at a place. `size`: characters of its output. */
  end(place: number, leavings: Leavings, size: number): void {
    this.#early.set(place, { leavings, size });
    this.#held += size;
    let early = this.#early.get(this.#next);
    while (early !== undefined) {
      this.#early.delete(this.#next++);
      this.#held -= early.size;
      this.#write(early.leavings);
      early = this.#early.get(this.#next);
    }
    this.#turns.get(this.#next)?.();
    this.#turns.delete(this.#next);
  }
}
