import type { Loads } from "../endpoints/loads.ts";
import {
  callsPerServer,
  shrinkMs,
  subsetGrowthMax,
  subsetGrowthShare,
  surplusMs,
} from "./limits.ts";
import type { Member } from "./member.ts";

/**
 * How many servers a client connects to: as many as were asked for, and more with the calls in
 * flight, or while most servers are busy.
 */
export class SubsetSize {
  readonly #least: number;
  #now: number;
  #calmSinceMs = 0;

  /** @param least servers to connect to at least */
  constructor(least: number) {
    this.#least = least;
    this.#now = least;
  }

  get now(): number {
    return this.#now;
  }

  /** Undoes all growth. */
  reset(): void {
    this.#now = this.#least;
  }

  /** Called now and then with the servers that can be used. */
  adapt(usable: readonly Member[], loads: Loads, nowMs: number): void {
    let inFlight = 0;
    let busy = 0;
    for (const { row } of usable) {
      inFlight += loads.inFlightOf(row);
      if (loads.isBusy(row)) busy++;
    }
    const needed = Math.max(this.#least, Math.ceil(inFlight / callsPerServer));
    if (this.#now < needed) {
      this.#now = needed;
      this.#calmSinceMs = nowMs;
    } else if (busy * 2 >= usable.length && busy > 0) {
      const max = Math.max(needed, this.#least * subsetGrowthMax);
      const grown = Math.min(max, Math.ceil(this.#now * (1 + subsetGrowthShare)));
      this.#now = Math.max(this.#now, grown);
      this.#calmSinceMs = nowMs;
    } else if (this.#now > needed && nowMs - this.#calmSinceMs >= surplusMs) {
      this.#now -= Math.ceil((this.#now - needed) / 8);
      this.#calmSinceMs = nowMs - surplusMs + shrinkMs;
    }
  }
}
