import type { ProcedureKind } from "../../procedures/types.ts";
import type { ItemSink } from "../../procedures/stream_run.ts";
import type { Params, UnreadJson } from "../../wire/message.ts";
import type { Outcome } from "../process/owed_requests.ts";

/** On whose behalf calls are made. */
export interface Caller {
  /** Callers with the same one share what one of them may have. */
  readonly key: object;
  /** Its name, as the keys say it; `undefined` where nobody asks. */
  readonly name?: string | undefined;
  /** Whether it leaves so much unread that nothing more should be made for it. */
  readonly isFull: boolean;
  /** Resolves when all is read, or never will be. */
  drained(): Promise<void>;
}

/** What a call ended in; a long result may be JSON still. */
export type TaskOutcome = Outcome | { readonly json: UnreadJson };

/** A call for a worker. */
export interface PoolTask {
  readonly method: string;
  /** `"io"` calls share a worker; any other has one to itself. */
  readonly kind: ProcedureKind;
  readonly params: Params | undefined;
  /** In their place, if nobody has read them yet. @default they are read */
  readonly unread?: UnreadJson | undefined;
  /** On the clock's monotonic scale. */
  readonly deadlineAtMs: number;
  /** When it came, on the same scale, for whoever has looked. @default when it is submitted */
  readonly cameAtMs?: number | undefined;
  /** The trace that it belongs to. */
  readonly traceparent?: string | undefined;
  /**
   * Who gets only so many workers while others wait. @default one that all such calls have in
   * common
   */
  readonly caller?: Caller | undefined;
  /**
   * Whether running it twice does no harm, so that it may be stopped for others' sake and sent
   * again. @default false
   */
  readonly isIdempotent?: boolean | undefined;
  /** Called exactly once, possibly before `submit` returns. It must not throw. */
  done(outcome: TaskOutcome): void;
  /**
   * Where the items go, for a caller who asked for a stream: before `done`, and never more than its
   * credit and what {@link TaskHandle.more} granted.
   */
  readonly stream?: ItemSink | undefined;
}

/** A submitted task. */
export interface TaskHandle {
  /**
   * Nobody waits for it any more: it ends as Cancelled. If it waits it leaves the queue; if it runs
   * it is stopped. After it has ended this does nothing.
   */
  cancel(): void;
  /** There is room for so many more items. */
  more(n: number): void;
}
