import { VirtualClock } from "./virtual_clock.ts";

/** A clock whose process can be stopped: time passes then, and no timer runs. */
export class StoppableClock extends VirtualClock {
  #stoppedMs = 0;

  /** Lets so much time pass while the process is stopped. */
  stop(ms: number): void {
    this.#stoppedMs += ms;
  }

  override now(): number {
    return super.now() + this.#stoppedMs;
  }
}
