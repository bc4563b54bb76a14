import { gatewayBatchCallsMax, gatewayBatchCallsOfCallerMax, gatewayBatchStep } from "../limits.ts";

/**
 * The places of batches' members among the calls under way. They wait while half of all places are
 * taken, so that single calls find one, and each caller may have half of theirs. A few are a
 * caller's own, whatever others have, so that nobody's batches are held up by another one's.
 */
export class BatchPlaces {
  readonly #callsUnderWay: () => number;
  readonly #taken = new Map<string, number>();
  /** Members that wait, by caller. Who had a place last is the last. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #total = 0;

  /** @param callsUnderWay how many calls are under way, those of batches and others */
  constructor(callsUnderWay: () => number) {
    this.#callsUnderWay = callsUnderWay;
  }

  /**
   * Takes a place for a member. Resolves when it has one; `undefined`: at once. {@link leave} is
   * due when it is answered.
   */
  enter(caller: string): Promise<void> | undefined {
    const queue = this.#waiting.get(caller);
    if (queue === undefined && this.#hasRoom(caller)) {
      this.#take(caller, 1);
      return undefined;
    }
    return new Promise((resolve) => {
      if (queue === undefined) this.#waiting.set(caller, [resolve]);
      else queue.push(resolve);
    });
  }

  /** A member was answered. */
  leave(caller: string): void {
    this.#take(caller, -1);
    this.pass();
  }

  /** Gives a place to the next one that waits, if there is room. To be called when a call ended. */
  pass(): void {
    for (const [caller, queue] of this.#waiting) {
      if (!this.#hasRoom(caller)) continue;
      this.#waiting.delete(caller);
      const next = queue.shift();
      if (queue.length > 0) this.#waiting.set(caller, queue);
      this.#take(caller, 1);
      return next?.();
    }
  }

  #hasRoom(caller: string): boolean {
    const own = this.#taken.get(caller) ?? 0;
    // One that was let in may not have begun its call yet.
    const all = Math.max(this.#callsUnderWay(), this.#total);
    return own < (all < gatewayBatchCallsMax ? gatewayBatchCallsOfCallerMax : gatewayBatchStep);
  }

  #take(caller: string, count: 1 | -1): void {
    this.#total += count;
    const own = (this.#taken.get(caller) ?? 0) + count;
    if (own > 0) this.#taken.set(caller, own);
    else this.#taken.delete(caller);
  }
}
