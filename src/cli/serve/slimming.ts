import type { Clock, Timer } from "../../base/clock.ts";
import { slimCallsMax, slimLookMs, slimLooksBetweenMax, slimSpareBytes } from "../limits.ts";

/** What a {@link Slimming} needs. */
interface SlimmingOptions {
  readonly clock: Clock;
  /** Memory of this process that is in use, in bytes. */
  residentBytes(): number;
  /** Calls since the start. */
  calls(): number;
  giveBack(): void;
}

/**
 * Gives memory back to the system when a server has grown much and has little to do: neither V8 nor
 * the allocator does that while nobody asks for memory, so that a server which was flooded once
 * would stay large.
 */
export class Slimming {
  readonly #options: SlimmingOptions;
  readonly #looks: Timer;
  #leastBytes: number;
  /** What there was at the last look. */
  #last: { readonly bytes: number; readonly calls: number } | undefined;
  /** What was left when memory was last given back. */
  #leftBytes = 0;
  /** Looks to skip, since the last time has not helped. */
  #skipped = 0;
  /** How many are skipped after the next time that does not help. */
  #toSkip = 1;

  constructor(options: SlimmingOptions) {
    this.#options = options;
    this.#leastBytes = options.residentBytes();
    this.#looks = options.clock.every(slimLookMs, () => this.#look());
  }

  /** Does nothing more. */
  stop(): void {
    this.#looks.cancel();
  }

  #look(): void {
    const bytes = this.#options.residentBytes();
    this.#leastBytes = Math.min(this.#leastBytes, bytes);
    const last = this.#last;
    if (bytes - this.#leastBytes < slimSpareBytes) {
      this.#last = undefined;
      this.#toSkip = 1;
      return;
    }
    const calls = this.#options.calls();
    this.#last = { bytes, calls };
    if (last === undefined || calls - last.calls > slimCallsMax) return;
    // Somebody makes it grow. A little changes from look to look anyway.
    if (bytes - last.bytes > slimSpareBytes / 16) return;
    if (this.#skipped > 0 && bytes - this.#leftBytes < slimSpareBytes) {
      this.#skipped--;
      return;
    }
    this.#options.giveBack();
    this.#leftBytes = this.#options.residentBytes();
    if (this.#leftBytes - this.#leastBytes < slimSpareBytes) return;
    // What is left is probably in use.
    this.#skipped = this.#toSkip;
    this.#toSkip = Math.min(2 * this.#toSkip, slimLooksBetweenMax);
  }
}
