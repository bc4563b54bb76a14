import type { Clock, Timer } from "../../base/clock.ts";
import type { ProcessorTime } from "../../base/system/processor_time.ts";
import {
  heartbeatEveryMs,
  pongTimeoutMs,
  pongTimeoutsMax,
  unwantedSilentMaxMs,
} from "../limits.ts";
import { waitsForCore } from "./core_wait.ts";
import type { WorkerProcess } from "../process/worker_process.ts";

/** The worker, as its heartbeat needs it. */
type Asked =
  & Pick<WorkerProcess, "isForeign" | "readsOfOutput" | "hasPonged" | "ping" | "endIfDeaf">
  & { readonly owed: Pick<WorkerProcess["owed"], "load" | "total" | "readingMs"> };

/** What a {@link Heartbeat} needs. */
interface HeartbeatOptions {
  readonly process: Asked;
  /** Whether the worker handles one call at a time, and nothing else meanwhile. */
  readonly inOrder: boolean;
  readonly clock: Clock;
  /** What the worker has had of the processor's time; `undefined`: nobody knows. */
  processorTime(): ProcessorTime | undefined;
  /** Whether calls wait for a worker. */
  isWanted(): boolean;
  /** Called when it has answered, and may get calls again. */
  alive(): void;
  /** Called when it does not answer. The text ends a sentence about why the worker is killed. */
  silent(because: string): void;
}

/** A ping without an answer. */
interface Question {
  readonly askedAtMs: number;
  readsSeen: number;
  /** How many waits it has missed, in a row and in all. */
  inVain: number;
  waits: number;
  timer: Timer | undefined;
  /** What the worker had had of the processor's time when it missed the first wait. */
  hadMs: number | undefined;
}

/**
 * Pings a silent worker, so that one which was stopped, hangs or has closed its input is replaced
 * before it costs a call. While it owes the answer it gets no calls.
 *
 * It takes two missed waits in a row: if the server itself was held up, it may not have read the
 * answer during the first. And one that waits for a core is waited for: on a machine that is busy
 * another one would wait longer.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #looks: Timer;
  #readsSeen = -1;
  #question: Question | undefined;
  /** Whether a call has overrun its deadline since the worker last answered. */
  #isOverdue = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#looks = options.clock.every(heartbeatEveryMs, () => this.#look());
  }

  /** Whether it was pinged and has not answered yet. */
  get isAwaited(): boolean {
    return this.#question !== undefined;
  }

  /** Pings now, because a call has overrun its deadline. */
  ask(): void {
    this.#isOverdue = true;
    if (this.#question === undefined) this.#ask();
    else this.#judge(this.#question);
  }

  /** Pings no more. */
  stop(): void {
    this.#looks.cancel();
    this.#question?.timer?.cancel();
    this.#question = undefined;
  }

  #look(): void {
    const { process, inOrder } = this.#options;
    const isSilent = process.readsOfOutput === this.#readsSeen;
    this.#readsSeen = process.readsOfOutput;
    if (!isSilent || this.isAwaited) return;
    // A worker that handles one call at a time cannot answer while it runs one.
    if (inOrder && process.owed.total > 0) return;
    if (!process.isForeign || process.hasPonged) this.#ask();
    // Other programs may not know pings.
    else if (inOrder) process.endIfDeaf();
    else process.ping(() => {});
  }

  #ask(): void {
    const { process, clock, alive } = this.#options;
    const { readsOfOutput: readsSeen } = process;
    const question: Question = {
      askedAtMs: clock.now(),
      readsSeen,
      inVain: 0,
      waits: 0,
      timer: undefined,
      hadMs: undefined,
    };
    this.#question = question;
    this.#wait(question);
    process.ping(() => {
      if (this.#question !== question) return;
      question.timer?.cancel();
      this.#question = undefined;
      this.#isOverdue = false;
      alive();
    });
  }

  #wait(question: Question): void {
    question.timer = this.#options.clock.after(this.#waitMs, () => {
      const { readsOfOutput } = this.#options.process;
      // It has written other output, so it lives: its answer waits behind that.
      const hasWritten = readsOfOutput !== question.readsSeen;
      question.readsSeen = readsOfOutput;
      question.waits++;
      question.inVain = hasWritten && question.waits < 2 * pongTimeoutsMax
        ? 0
        : question.inVain + 1;
      question.hadMs ??= this.#options.processorTime()?.usedMs;
      if (!this.#judge(question)) this.#wait(question);
    });
  }

  get #waitMs(): number {
    return (pongTimeoutMs + this.#options.process.owed.readingMs) / 2;
  }

  /** Whether it is silent. */
  #judge(question: Question): boolean {
    const { inVain, askedAtMs } = question;
    const { process: { owed }, clock, isWanted, silent } = this.#options;
    if (inVain < 2 || this.#waitsForCore(question)) return false;
    // A procedure may occupy the shared thread until its deadline. And a worker that gets no time
    // on a busy machine must not be restarted for nothing.
    const waitedMs = inVain * this.#waitMs;
    const isPatient = owed.load > 0 || (!isWanted() && waitedMs < unwantedSilentMaxMs);
    if (isPatient && !this.#isOverdue) return false;
    silent(`it did not answer within ${Math.round(clock.now() - askedAtMs)} ms`);
    return true;
  }

  #waitsForCore({ hadMs, askedAtMs }: Question): boolean {
    const { clock, processorTime } = this.#options;
    return waitsForCore(hadMs, clock.now() - askedAtMs, processorTime);
  }
}
