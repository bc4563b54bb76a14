import { callsASecondMin, loadKnownMs, loadMs } from "./limits.ts";

/**
 * How many calls a client makes, as an average whose weights decay with time. Of one that begins to
 * call, the time before does not count: else it would seem to call more and more.
 */
export class OwnLoad {
  /** Calls a second, each weighted by its age. */
  #sum = 0;
  /** How long they were counted. */
  #countedMs = 0;
  #sent = 0;
  #countedAtMs: number | undefined;

  /** Counts the calls up to now, of which there have been `sent` in all. */
  count(sent: number, nowMs: number): void {
    const passedMs = nowMs - (this.#countedAtMs ?? nowMs);
    if (passedMs > 0) {
      const callsASecond = (sent - this.#sent) * 1_000 / passedMs;
      if (callsASecond >= callsASecondMin && this.#callsASecond < callsASecondMin) {
        this.#sum = 0;
        this.#countedMs = 0;
      }
      const kept = keptAfter(passedMs);
      this.#sum = this.#sum * kept + callsASecond * (1 - kept);
      this.#countedMs += passedMs;
    }
    this.#sent = sent;
    this.#countedAtMs = nowMs;
  }

  /**
   * The calls an hour that each of so many servers is given on average, 1 at the least. Until it is
   * known, and of who hardly calls, it is what few calls a second come to.
   */
  ofEach(servers: number): number {
    const known = this.#countedMs < loadKnownMs ? 0 : this.#callsASecond;
    const callsAnHour = 3_600 * Math.max(callsASecondMin, known);
    return Math.max(1, Math.round(callsAnHour / Math.max(1, servers)));
  }

  get #callsASecond(): number {
    return this.#countedMs === 0 ? 0 : this.#sum / (1 - keptAfter(this.#countedMs));
  }
}

/** The weight of what is as old, relative to what is new. */
function keptAfter(ms: number): number {
  return Math.exp(-ms / loadMs);
}
