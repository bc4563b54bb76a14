import type { Clock } from "../../base/clock.ts";
import { gatewayLingerGapMs, gatewayLingerMs, gatewayLingersMax } from "../limits.ts";

/**
 * Connections that were ended because of what their peers sent, and that the system keeps for a
 * second. Who sends on until it is reset would come again at once, and a new connection costs more
 * than one of which nothing is read. Nor is a peer reset, then, before it has read its answer: the
 * system does that where something is unread.
 */
export class Lingering {
  readonly #clock: Pick<Clock, "after" | "now">;
  /** The longest kept first. */
  readonly #kept = new Set<() => void>();
  /** When the last of them is let go. */
  #lastMs = -Infinity;

  constructor(clock: Pick<Clock, "after" | "now">) {
    this.#clock = clock;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * Keeps a connection for a second, or until too many others are kept.
   *
   * @param letGo lets go of it
   * @returns lets go of it now, unless that was done
   */
  add(letGo: () => void): () => void {
    const [longest] = this.#kept;
    if (this.#kept.size >= gatewayLingersMax) longest?.();
    const end = () => {
      if (!this.#kept.delete(end)) return;
      timer.cancel();
      letGo();
    };
    const nowMs = this.#clock.now();
    this.#lastMs = Math.max(nowMs + gatewayLingerMs, this.#lastMs + gatewayLingerGapMs);
    const timer = this.#clock.after(this.#lastMs - nowMs, end);
    this.#kept.add(end);
    return end;
  }

  /** Lets go of all. */
  end(): void {
    for (const end of this.#kept) end();
  }
}
