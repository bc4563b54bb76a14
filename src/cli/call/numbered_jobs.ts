import { type Clock, sleep } from "../../base/clock.ts";
import { messageOf, RpcError } from "../../base/errors.ts";
import type { Params } from "../../wire/message.ts";
import type { Job, JobSource } from "./job.ts";

/** The number of calls, and when each is due. */
interface NumberedJobsOptions {
  /** @default no bound */
  readonly repeat: number | undefined;
  /** No call is due after this time. @default no bound */
  readonly durationMs: number | undefined;
  /** Calls due each second, however earlier ones end. @default as soon as there is room */
  readonly rate: number | undefined;
  readonly paramsOf: (i: number) => Params;
  readonly clock: Clock;
}

/** Calls that are numbered from 1. The time counts from its creation. */
export class NumberedJobs implements JobSource {
  readonly #options: NumberedJobsOptions;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #stopped = new AbortController();
  #next = 1;

  constructor(options: NumberedJobsOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
    this.#endMs = this.#startMs + (options.durationMs ?? Infinity);
  }

  get isEnded(): boolean {
    const { repeat = Infinity } = this.#options;
    return this.#next > repeat || this.#dueMs(this.#options.clock.now()) >= this.#endMs;
  }

  take(): Job | undefined {
    if (this.isEnded) return undefined;
    const nowMs = this.#options.clock.now();
    const lateMs = nowMs - this.#dueMs(nowMs);
    if (lateMs < 0) return undefined;
    const number = this.#next++;
    return { number, params: this.#paramsOf(number), lateMs, line: undefined };
  }

  more(): Promise<void> {
    const { clock } = this.#options;
    const nowMs = clock.now();
    return sleep(clock, this.#dueMs(nowMs) - nowMs, this.#stopped.signal);
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** When the next call is due: without a rate always now. */
  #dueMs(nowMs: number): number {
    const { rate } = this.#options;
    return rate === undefined ? nowMs : this.#startMs + (this.#next - 1) * 1_000 / rate;
  }

  #paramsOf(i: number): Params | RpcError {
    try {
      return this.#options.paramsOf(i);
    } catch (cause) {
      return new RpcError("InvalidParams", messageOf(cause), { cause });
    }
  }
}
