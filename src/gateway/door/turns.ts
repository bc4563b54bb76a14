import { giveWay } from "../../base/system/give_way.ts";
import { RoundRobin } from "../../base/values/round_robin.ts";

/**
 * Makes callers with long requests take turns, a part each. Between two turns everything that is
 * ready on other connections is read.
 *
 * Short requests have no turns: while one waits, the runtime keeps whatever its peer sends next.
 */
export class PartTurns {
  readonly #giveWay: (callback: () => void) => void;
  /** Those that wait, by caller. */
  readonly #waiting = new RoundRobin<string, () => void>();
  #isPassing = false;

  constructor(pause = giveWay) {
    this.#giveWay = pause;
  }

  /** Resolves when the caller has its next turn. */
  next(caller: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(caller, resolve);
      if (this.#isPassing) return;
      this.#isPassing = true;
      this.#giveWay(this.#pass);
    });
  }

  readonly #pass = (): void => {
    this.#waiting.take()?.();
    this.#isPassing = this.#waiting.size > 0;
    if (this.#isPassing) this.#giveWay(this.#pass);
  };
}
