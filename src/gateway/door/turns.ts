import { giveWay } from "../../base/system/give_way.ts";

/**
 * Makes callers with long requests take turns, a part each. Between two turns everything that is
 * ready on other connections is read.
 *
 * Short requests have no turns: while one waits, the runtime keeps whatever its peer sends next.
 */
export class PartTurns {
  readonly #giveWay: (callback: () => void) => void;
  /** Those that wait, by caller. The caller that had the last turn is the last. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #isPassing = false;

  constructor(pause = giveWay) {
    this.#giveWay = pause;
  }

  /** Resolves when the caller has its next turn. */
  next(caller: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(caller);
      if (queue === undefined) this.#waiting.set(caller, [resolve]);
      else queue.push(resolve);
      if (this.#isPassing) return;
      this.#isPassing = true;
      this.#giveWay(this.#pass);
    });
  }

  readonly #pass = (): void => {
    const [first] = this.#waiting;
    if (first !== undefined) {
      const [caller, queue] = first;
      this.#waiting.delete(caller);
      queue.shift()?.();
      if (queue.length > 0) this.#waiting.set(caller, queue);
    }
    this.#isPassing = this.#waiting.size > 0;
    if (this.#isPassing) this.#giveWay(this.#pass);
  };
}
