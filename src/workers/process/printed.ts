import { type Clock, sleep, type Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { readBufferBytes } from "../../base/limits.ts";
import { printedLinesAtOnce, printedLinesPerSecondMax, printedPauseMs } from "../limits.ts";
import type { Logger } from "../../base/log.ts";
import { decodeFailure } from "../failure_report.ts";
import { StderrLines } from "./stderr_lines.ts";

/** What {@link Printed} needs. */
interface PrintedOptions {
  /** The worker's number among those of its server, from 1. */
  readonly worker: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How many last lines are kept to explain a failed start. */
const tailMax = 8;

const outOfMemory =
  /^# Fatal (JavaScript|process) (out of memory|OOM)|JavaScript heap out of memory/;

const windowMs = 1_000;

/**
 * Logs the output of a worker and its procedures: a bounded number of lines each second, a few at a
 * time, with a pause between reads. So a procedure that prints much waits for its pipe, and the
 * server does not have to keep up. Further lines are dropped, and their number is logged.
 */
export class Printed {
  readonly #options: PrintedOptions;
  readonly #lines = new StderrLines();
  readonly #tail: string[] = [];
  /** Resolves at the end of the output. */
  readonly ended: Promise<void>;
  #windowEndsAtMs = -Infinity;
  #left = 0;
  #dropped = 0;
  #ranOutOfMemory = false;
  #notice: Timer | undefined;

  /** @param stream `undefined`: the worker's output goes elsewhere */
  constructor(stream: ReadableStream<Uint8Array> | undefined, options: PrintedOptions) {
    this.#options = options;
    this.ended = stream === undefined ? Promise.resolve() : this.#read(stream);
  }

  /** The last lines so far. */
  get tail(): readonly string[] {
    return this.#tail;
  }

  /** Whether V8 has reported that memory ran out, which the signal that follows does not tell. */
  get ranOutOfMemory(): boolean {
    return this.#ranOutOfMemory;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const reader = stream.getReader({ mode: "byob" });
      let buffer = new ArrayBuffer(readBufferBytes);
      while (true) {
        const { done, value } = await reader.read(new Uint8Array(buffer));
        if (done || value === undefined) break;
        await this.#take(value);
        buffer = value.buffer;
        await sleep(clock, printedPauseMs);
      }
    } catch (error) {
      log.debug("Cannot read what a worker prints", { reason: messageOf(error) });
    }
    for (const line of this.#lines.end()) this.#takeLine(line);
    this.#tellDropped();
  }

  async #take(chunk: Uint8Array): Promise<void> {
    // Dropped without being cut into lines, which is most of the work.
    if (!this.#mayLog()) {
      this.#drop(this.#lines.skip(chunk));
      return;
    }
    let inTurn = 0;
    for (const line of this.#lines.push(chunk)) {
      if (!this.#takeLine(line)) continue;
      if (++inTurn % printedLinesAtOnce === 0) await sleep(this.#options.clock, printedPauseMs);
    }
  }

  /** Whether it was logged. */
  #takeLine(line: string): boolean {
    if (outOfMemory.test(line)) this.#ranOutOfMemory = true;
    const failure = decodeFailure(line);
    this.#tail.push(...(failure === undefined ? [line] : [failure.message, ...failure.stack]));
    if (this.#tail.length > tailMax) this.#tail.splice(0, this.#tail.length - tailMax);
    if (!this.#mayLog()) {
      this.#drop(1);
      return false;
    }
    this.#left--;
    const { log, worker } = this.#options;
    if (failure === undefined) log.info(`[worker ${worker}] ${line}`);
    else log.warn(`[worker ${worker}] ${failure.message}`, { stack: failure.stack.join("\n") });
    return true;
  }

  #mayLog(): boolean {
    const nowMs = this.#options.clock.now();
    if (nowMs >= this.#windowEndsAtMs) {
      this.#tellDropped();
      this.#windowEndsAtMs = nowMs + windowMs;
      this.#left = printedLinesPerSecondMax;
    }
    return this.#left > 0;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    // By a timer, since it may print nothing more for hours.
    this.#notice ??= this.#options.clock.after(windowMs, () => this.#tellDropped());
  }

  #tellDropped(): void {
    this.#notice?.cancel();
    this.#notice = undefined;
    if (this.#dropped === 0) return;
    const { log, worker } = this.#options;
    log.warn("A worker printed too much", { worker, linesDropped: this.#dropped });
    this.#dropped = 0;
  }
}
