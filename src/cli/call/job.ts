import type { RpcError } from "../../base/errors.ts";
import type { Params } from "../../wire/message.ts";

/** One call to be made. */
export interface Job {
  /** The number of the call, or of its line in the input, from 1. */
  readonly number: number;
  /** Its parameters, or why it cannot be called. */
  readonly params: Params | RpcError;
  /** How long after its due time it begins, in milliseconds. */
  readonly lateMs: number;
  /** Its line of the input, if there is one that can be written. */
  readonly line: string | undefined;
}

/** A source of jobs: a count, a rate, or the lines of a file. */
export interface JobSource {
  /** The next job, if there is one now. */
  take(): Job | undefined;
  /** Whether none is left but those that {@link take} returns. */
  readonly isEnded: boolean;
  /**
   * Resolves when {@link take} or {@link isEnded} may have changed, or at {@link stop}.
   *
   * @throws {Error} rejects if no more can be read
   */
  more(): Promise<void>;
  /** Ends all waiting, since more may never come. */
  stop(): void;
}
