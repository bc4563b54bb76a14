import { callsASecondMin, loadMs } from "./limits.ts";

/**
 * How many calls a client makes, as an average whose weights decay with time. It is known from the
 * first moment on, so that a client which begins to call can say so.
 */
export class OwnLoad {
  #callsASecond = 0;
  #sent = 0;
  #countedAtMs: number | undefined;

  /** Counts the calls up to now, of which there have been `sent` in all. */
  count(sent: number, nowMs: number): void {
    const passedMs = nowMs - (this.#countedAtMs ?? nowMs);
    if (passedMs > 0) {
      const callsASecond = (sent - this.#sent) * 1_000 / passedMs;
      const kept = Math.exp(-passedMs / loadMs);
      this.#callsASecond = this.#callsASecond * kept + callsASecond * (1 - kept);
    }
    this.#sent = sent;
    this.#countedAtMs = nowMs;
  }

  /** The calls an hour that each of so many servers is given on average, 1 at the least. */
  ofEach(servers: number): number {
    const callsAnHour = 3_600 * Math.max(callsASecondMin, this.#callsASecond);
    return Math.max(1, Math.round(callsAnHour / Math.max(1, servers)));
  }
}
