import type { Clock, Timer } from "../../base/clock.ts";
import { surplusLookMs, surplusWorkerMs } from "../limits.ts";
import type { WorkerSlot } from "./worker_slot.ts";

/** What {@link SpareWorkers} need. */
interface SpareWorkersOptions {
  /** How many workers are kept while nobody calls. */
  readonly kept: number;
  readonly clock: Clock;
  /** The places of all that there may be, in the order in which they are filled. */
  slots(): readonly Place[];
}

/** A place, as far as its worker comes and goes. */
type Place =
  & Pick<WorkerSlot, "isResting" | "isProbed" | "usedAtMs" | "wake" | "rest">
  & { readonly worker: { readonly owed: { readonly total: number } } | undefined };

/**
 * Starts workers when there is work for them, and ends those that nobody has needed for a while.
 *
 * A start takes longer than most calls, so it is begun ahead: as soon as no worker is idle there is
 * one on its way, and one more for each call that waits.
 */
export class SpareWorkers {
  readonly #options: SpareWorkersOptions;
  readonly #looks: Timer;
  /** Whether a place may be without a worker: nothing is looked at while all have one. */
  #mayRest = true;

  constructor(options: SpareWorkersOptions) {
    this.#options = options;
    this.#looks = options.clock.every(surplusLookMs, () => this.#endSurplus());
  }

  /** Call it when there are more places. */
  added(): void {
    this.#mayRest = true;
  }

  /** Call it when a worker was given a call, or with how many calls wait for one. */
  wanted(queued: number): void {
    if (!this.#mayRest) return;
    const resting: Place[] = [];
    let missing = queued + 1;
    for (const slot of this.#options.slots()) {
      const { worker, isResting } = slot;
      if (isResting) resting.push(slot);
      // One that is on its way is as good as an idle one: no second is started for the same call.
      else if (worker === undefined || isIdle(slot)) missing--;
      if (missing === 0) return;
    }
    for (const slot of resting.slice(0, missing)) slot.wake();
    this.#mayRest = resting.length > missing;
  }

  /** Ends no more workers. */
  stop(): void {
    this.#looks.cancel();
  }

  /** Keeps one more than were used lately, so that calls in a row find the same workers there. */
  #endSurplus(): void {
    const { kept, clock } = this.#options;
    const running = this.#options.slots().filter(({ isResting }) => !isResting);
    const isUnused = (slot: Place) =>
      isIdle(slot) && clock.now() - slot.usedAtMs >= surplusWorkerMs;
    const used = running.filter((slot) => !isUnused(slot)).length;
    const most = Math.max(kept, used === 0 ? 0 : used + 1);
    const surplus = running.toReversed().filter(isUnused).slice(0, running.length - most);
    for (const slot of surplus) slot.rest();
    if (surplus.length > 0) this.#mayRest = true;
  }
}

/** Whether its worker would begin a call at once. */
function isIdle({ worker, isProbed }: Place): boolean {
  return worker !== undefined && worker.owed.total === 0 && !isProbed;
}
