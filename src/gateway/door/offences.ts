import type { Clock } from "../../base/clock.ts";
import { gatewayOffenceMs, gatewayOffencesMax, gatewayOffendersMax } from "../limits.ts";

/**
 * WebSockets on which more came than may, by address. The runtime hands over some
 * hundred messages of each new one before it looks for others' input, so an address that has had
 * too many closed has to wait before it opens further ones. Those that it has open go on.
 */
export class Offences {
  readonly #clock: Pick<Clock, "now">;
  /** When the last of them is forgotten, by address: one after the other is. */
  readonly #until = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Counts one. */
  add(address: string): void {
    if (this.#until.size >= gatewayOffendersMax) this.#until.clear();
    const nowMs = this.#clock.now();
    const untilMs = Math.max(this.#until.get(address) ?? nowMs, nowMs);
    this.#until.set(address, untilMs + gatewayOffenceMs);
  }

  /** Whether the address has to wait. */
  areTooMany(address: string): boolean {
    const untilMs = this.#until.get(address);
    if (untilMs === undefined) return false;
    const leftMs = untilMs - this.#clock.now();
    if (leftMs <= 0) this.#until.delete(address);
    return leftMs > gatewayOffencesMax * gatewayOffenceMs;
  }
}
