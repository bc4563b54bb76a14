import type { RpcError } from "../../base/errors.ts";
import type { Params } from "../../wire/message.ts";

/** One call to be made. */
export interface Job {
  /** Of the call, or of its line in the input; from 1. */
  readonly number: number;
  /** What it is called with, or why it cannot be called. */
  readonly params: Params | RpcError;
  /** How long after it was due it is begun, in milliseconds. */
  readonly lateMs: number;
  /** The line of the input, if it is one and can be written. */
  readonly line: string | undefined;
}

/** Where jobs come from: a count, a rate, the lines of a file. */
export interface JobSource {
  /** The next one, if it is there already. */
  take(): Job | undefined;
  /** None is left but what {@link take} gives out. */
  readonly isEnded: boolean;
  /**
   * Resolves when {@link take} or {@link isEnded} may say something new, or at {@link stop}.
   *
   * @throws {Error} rejects with it: no more can be read
   */
  more(): Promise<void>;
  /** Lets nobody wait any more for what may never come. */
  stop(): void;
}
