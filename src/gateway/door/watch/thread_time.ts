import { openCLibrary } from "../../../base/system/c_library.ts";

const functions = {
  gettid: { parameters: [], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/** What the processor has done for single threads of this process. Only on Linux. */
export class ThreadTime {
  readonly #library: Deno.DynamicLibrary<typeof functions>;
  /** `struct timespec`. */
  readonly #time = new DataView(new ArrayBuffer(16));

  private constructor(library: Deno.DynamicLibrary<typeof functions>) {
    this.#library = library;
  }

  /** `undefined` where the system does not tell. */
  static open(): ThreadTime | undefined {
    const library = openCLibrary(functions);
    return library === undefined ? undefined : new ThreadTime(library);
  }

  /** The thread that asks. */
  currentThread(): number {
    return this.#library.symbols.gettid();
  }

  /** The time of a thread in milliseconds; `undefined` if it has ended. */
  usedMs(thread: number): number | undefined {
    // As `clock_getcpuclockid(3)` makes it: a thread's, as the scheduler counts it.
    const clock = (~thread << 3) | 6;
    if (this.#library.symbols.clock_gettime(clock, this.#time) !== 0) return undefined;
    const seconds = Number(this.#time.getBigInt64(0, true));
    return seconds * 1_000 + Number(this.#time.getBigInt64(8, true)) / 1e6;
  }

  close(): void {
    this.#library.close();
  }
}
