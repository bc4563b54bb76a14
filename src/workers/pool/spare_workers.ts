import type { Clock, Timer } from "../../base/clock.ts";
import { surplusLookMs, surplusWorkerMs } from "../limits.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** What {@link SpareWorkers} need. */
interface SpareWorkersOptions {
  /** How many workers are kept while nobody calls. */
  readonly kept: number;
  readonly clock: Clock;
  /** All slots, in the order in which they are filled. */
  slots(): readonly Place[];
}

/** The part of a slot that is used here. */
type Place =
  & Pick<WorkerSlot, "isResting" | "isProbed" | "usedAtMs" | "wake" | "rest">
  & { readonly worker: { readonly owed: { readonly total: number } } | undefined };

/**
 * Starts workers when there is work, and ends those that were not needed for a while.
 *
 * A start takes longer than most calls, so workers are started ahead: one as soon as no worker is
 * idle, and one more for each waiting call.
 */
export class SpareWorkers {
  readonly #options: SpareWorkersOptions;
  readonly #looks: Timer;
  /** Whether a slot may have no worker: otherwise nothing needs to be checked. */
  #mayRest = true;

  constructor(options: SpareWorkersOptions) {
    this.#options = options;
    this.#looks = options.clock.every(surplusLookMs, () => this.#endSurplus());
  }

  /** To be called when there are more slots. */
  added(): void {
    this.#mayRest = true;
  }

  /** To be called when a worker was given a call, with the number of waiting calls. */
  wanted(queued: number): void {
    if (!this.#mayRest) return;
    const resting: Place[] = [];
    let missing = queued + 1;
    for (const slot of this.#options.slots()) {
      const { worker, isResting } = slot;
      if (isResting) resting.push(slot);
      // A starting worker counts as idle, so that no second one is started for the same call.
      else if (worker === undefined || isIdle(slot)) missing--;
      if (missing === 0) return;
    }
    for (const slot of resting.slice(0, missing)) slot.wake();
    this.#mayRest = resting.length > missing;
  }

  /** Stops ending workers. */
  stop(): void {
    this.#looks.cancel();
  }

  /** Keeps one more worker than were used lately, so that a series of calls finds them there. */
  #endSurplus(): void {
    const { kept, clock } = this.#options;
    const running = this.#options.slots().filter(({ isResting }) => !isResting);
    const isUnused = (slot: Place) =>
      isIdle(slot) && clock.now() - slot.usedAtMs >= surplusWorkerMs;
    const used = running.filter((slot) => !isUnused(slot)).length;
    const most = Math.max(kept, used === 0 ? 0 : used + 1);
    const surplus = running.toReversed().filter(isUnused)
      .slice(0, Math.max(0, running.length - most));
    for (const slot of surplus) slot.rest();
    if (surplus.length > 0) this.#mayRest = true;
  }
}

/** Whether a slot's worker would begin a call at once. */
function isIdle({ worker, isProbed }: Place): boolean {
  return worker !== undefined && worker.owed.total === 0 && !isProbed;
}
