import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/log.ts";
import { isGranted } from "../../../base/system/is_granted.ts";
import { watchToldMs } from "../../limits.ts";
import { ThreadTime } from "./thread_time.ts";
import { signsAt, stopAt, type WatchSaid, type WatchStart } from "./watch_start.ts";

/** What {@link Watcher} needs. */
interface WatcherOptions {
  /** The port that connections come to. */
  readonly port: number;
  /** What may be read of a connection before the program has a turn. */
  readonly bytesMax: number;
  readonly clock: Pick<Clock, "now">;
  readonly log: Logger;
}

/**
 * Has another thread drop connections that keep this one from its turns: frames of HTTP/2 that mean
 * nothing are handled by the runtime, and over TLS it goes on with them for as long as they come.
 */
export class Watcher {
  readonly #shared = new Int32Array(new SharedArrayBuffer(8));
  readonly #thread: Worker;
  readonly #questions: MessagePort;
  readonly #options: Pick<WatcherOptions, "clock" | "log">;
  /** When the next one is told of, and how many were not. */
  #tellMs = -Infinity;
  #untold = 0;

  private constructor({ port, bytesMax, clock, log }: WatcherOptions, mainThread: number) {
    this.#options = { clock, log };
    const { port1: questions, port2: theirs } = new MessageChannel();
    this.#questions = questions;
    questions.onmessage = ({ data }: MessageEvent<WatchSaid>) => {
      if ("dropped" in data) return this.#tell(data.dropped);
      this.sign();
      Atomics.notify(this.#shared, signsAt);
    };
    this.#thread = new Worker(program(), { type: "module", name: "watcher" });
    this.#thread.addEventListener("error", (event) => {
      event.preventDefault();
      log.warn("Connections are not watched", { reason: event.message });
    });
    const start: WatchStart = {
      ...{ shared: this.#shared, questions: theirs, mainThread, port, bytesMax },
    };
    this.#thread.postMessage(start, [theirs]);
  }

  /** `undefined` where the system does not show connections. */
  static start(options: WatcherOptions): Watcher | undefined {
    if (Deno.build.os !== "linux" || !isGranted({ name: "ffi" })) return undefined;
    const time = ThreadTime.open();
    if (time === undefined) return undefined;
    const mainThread = time.currentThread();
    time.close();
    return new Watcher(options, mainThread);
  }

  /** This thread has a turn. */
  sign(): void {
    Atomics.add(this.#shared, signsAt, 1);
  }

  /** Watches no more. */
  close(): void {
    Atomics.store(this.#shared, stopAt, 1);
    Atomics.notify(this.#shared, stopAt);
    this.#questions.close();
    this.#thread.terminate();
  }

  /** Those that come again and again must not fill the log. */
  #tell(peer: string): void {
    const { clock, log } = this.#options;
    if (clock.now() < this.#tellMs) return void this.#untold++;
    log.warn("Dropped a connection that left nobody else a turn", { peer, others: this.#untold });
    this.#untold = 0;
    this.#tellMs = clock.now() + watchToldMs;
  }
}

/** The other thread's, where it lies in a binary (`tasks/bundle.ts`). */
function program(): URL {
  return Deno.build.standalone
    ? new URL("./watch/watch_main.js", Deno.mainModule)
    : new URL("./watch_main.ts", import.meta.url);
}
