import type { ProcedureKind } from "../../procedures/types.ts";
import type { ItemSink } from "../../procedures/stream_run.ts";
import type { Params, UnreadJson } from "../../wire/message.ts";
import type { Outcome } from "../process/receiver.ts";

/** The caller of a task. */
export interface Caller {
  /** Callers with the same key count as one. */
  readonly key: object;
  /** Its name from its keys; `undefined` without keys. */
  readonly name?: string | undefined;
  /** Whether it leaves so much unread that no more calls should be run for it. */
  readonly isFull: boolean;
  /** Resolves when everything is read, or never will be. */
  drained(): Promise<void>;
}

/** The outcome of a call; a long result may still be JSON. */
export type TaskOutcome = Outcome | { readonly json: UnreadJson };

/** A call for a worker. */
export interface PoolTask {
  readonly method: string;
  /** `"io"` calls share a worker; other calls have one to themselves. */
  readonly kind: ProcedureKind;
  readonly params: Params | undefined;
  /** The unparsed parameters, in place of `params`. @default they are parsed */
  readonly unread?: UnreadJson | undefined;
  /** On the clock's monotonic scale. */
  readonly deadlineAtMs: number;
  /** When it arrived, on the same scale. @default when it is submitted */
  readonly cameAtMs?: number | undefined;
  /** The trace that it belongs to. */
  readonly traceparent?: string | undefined;
  /**
   * Its caller, for a fair share of the workers. @default one that all such calls have in common
   */
  readonly caller?: Caller | undefined;
  /**
   * Whether running it twice does no harm, so that it may be stopped in favour of others and sent
   * again. @default false
   */
  readonly isIdempotent?: boolean | undefined;
  /** Called exactly once, possibly before `submit` returns. It must not throw. */
  done(outcome: TaskOutcome): void;
  /**
   * Takes the items, if the caller asked for a stream: before `done`, and never more than its
   * credit and what {@link TaskHandle.more} granted.
   */
  readonly stream?: ItemSink | undefined;
}

/** A submitted task. */
export interface TaskHandle {
  /**
   * Cancels the task: it leaves the queue, or is stopped if it runs. After its end this does
   * nothing.
   */
  cancel(): void;
  /** Grants more items. */
  more(n: number): void;
}
