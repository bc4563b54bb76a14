import type { ProcedureKind } from "../procedures/procedure.ts";
import type { Params } from "../wire/message.ts";
import type { Outcome } from "./worker_process.ts";

/** A call for a worker. */
export interface PoolTask {
  readonly method: string;
  /** `"io"` calls share a worker; any other has one to itself. */
  readonly kind: ProcedureKind;
  readonly params: Params | undefined;
  /** On the clock's monotonic scale. */
  readonly deadlineAtMs: number;
  /** Called exactly once, possibly before `submit` returns. It must not throw. */
  done(outcome: Outcome): void;
}

/** A submitted task. */
export interface TaskHandle {
  /**
   * Nobody waits for it any more: it ends as Cancelled. If it waits it leaves the queue; if it runs it
   * is stopped. After it has ended this does nothing.
   */
  cancel(): void;
}
