import type { Clock, Timer } from "../../base/clock.ts";
import { withoutStack } from "../../base/errors.ts";
import { stopFileVariable } from "./stop_file_variable.ts";

/** How often a server looks for it, in milliseconds. */
const lookEveryMs = 1_000;

/** A file that ends a server when it appears, and that the server removes as it takes notice. */
export class StopFile {
  readonly #abort = new AbortController();
  readonly #timer: Timer;

  private constructor(path: string, clock: Clock) {
    this.#timer = clock.every(lookEveryMs, () => {
      if (!take(path)) return;
      this.#timer.cancel();
      this.#abort.abort();
    });
  }

  /** Looks for the file that the environment names; `undefined`: it names none. */
  static watch(clock: Clock): StopFile | undefined {
    const path = Deno.env.get(stopFileVariable);
    // Servers that this process starts are not to take it.
    Deno.env.delete(stopFileVariable);
    return path ? new StopFile(path, clock) : undefined;
  }

  /** Aborts when the file has appeared. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Stops looking for it. */
  close(): void {
    this.#timer.cancel();
  }
}

/** Removes it; whether it was there. */
function take(path: string): boolean {
  try {
    withoutStack(() => Deno.removeSync(path));
    return true;
  } catch {
    return false;
  }
}
