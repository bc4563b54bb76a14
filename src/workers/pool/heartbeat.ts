import type { Clock, Timer } from "../../base/clock.ts";
import {
  heartbeatEveryMs,
  pongTimeoutMs,
  pongTimeoutsMax,
  unwantedSilentMaxMs,
} from "../limits.ts";
import type { WorkerProcess } from "../process/worker_process.ts";

/** The worker, as far as it is asked whether it is alive. */
type Asked =
  & Pick<WorkerProcess, "isForeign" | "readsOfOutput" | "hasPonged" | "ping" | "endIfDeaf">
  & { readonly owed: Pick<WorkerProcess["owed"], "load" | "total" | "readingMs"> };

/** What a {@link Heartbeat} needs. */
interface HeartbeatOptions {
  readonly process: Asked;
  /** Whether the worker acts on one call after the other, and on nothing else meanwhile. */
  readonly inOrder: boolean;
  readonly clock: Clock;
  /** Whether calls wait for a worker. */
  isWanted(): boolean;
  /** It has answered, and may be given calls again. */
  alive(): void;
  /** It does not answer. Ends a sentence that says why the worker is killed. */
  silent(because: string): void;
}

/** A question that has no answer yet. */
interface Question {
  readonly askedAtMs: number;
  readsSeen: number;
  /** Times that were waited in vain, in a row and in all. */
  inVain: number;
  waits: number;
  timer: Timer | undefined;
}

/**
 * Asks a worker that writes nothing whether it is alive, so that one which was stopped, hangs or
 * has closed its input is replaced before a call pays for it. While it owes the answer it is given
 * no calls.
 *
 * It is silent after two waits in a row: a server that was itself held up has not read what it was
 * told in the first.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #looks: Timer;
  #readsSeen = -1;
  #question: Question | undefined;
  /** A call has overrun its deadline since the worker last answered. */
  #isOverdue = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#looks = options.clock.every(heartbeatEveryMs, () => this.#look());
  }

  /** Whether it was asked, and has not answered yet. */
  get isAwaited(): boolean {
    return this.#question !== undefined;
  }

  /** A call has overrun its deadline: it has to answer soon, or it is silent. */
  ask(): void {
    this.#isOverdue = true;
    if (this.#question === undefined) this.#ask();
    else this.#judge(this.#question);
  }

  /** Asks no more. */
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
    // What runs one call after the other answers nothing while it runs one.
    if (inOrder && process.owed.total > 0) return;
    if (!process.isForeign || process.hasPonged) this.#ask();
    // Somebody else's program may know calls and nothing else.
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
      // Its answer waits behind long ones to others: the worker lives.
      const hasWritten = readsOfOutput !== question.readsSeen;
      question.readsSeen = readsOfOutput;
      question.waits++;
      question.inVain = hasWritten && question.waits < 2 * pongTimeoutsMax
        ? 0
        : question.inVain + 1;
      if (!this.#judge(question)) this.#wait(question);
    });
  }

  get #waitMs(): number {
    return (pongTimeoutMs + this.#options.process.owed.readingMs) / 2;
  }

  /** Whether it is silent. */
  #judge({ inVain, askedAtMs }: Question): boolean {
    const { process: { owed }, clock, isWanted, silent } = this.#options;
    if (inVain < 2) return false;
    // A procedure may hold the thread that it shares for as long as its call has time. And a worker
    // that is given no time by a busy machine is not to be started anew for nothing.
    const waitedMs = inVain * this.#waitMs;
    const isPatient = owed.load > 0 || (!isWanted() && waitedMs < unwantedSilentMaxMs);
    if (isPatient && !this.#isOverdue) return false;
    silent(`it did not answer within ${Math.round(clock.now() - askedAtMs)} ms`);
    return true;
  }
}
