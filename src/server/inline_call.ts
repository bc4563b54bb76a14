import type { DeadlineWheel } from "../base/deadline_wheel.ts";
import { Failure, type RpcError } from "../base/errors.ts";
import type { LazyCallContext } from "../procedures/call_context.ts";
import type { Run } from "../procedures/stream_run.ts";
import type { TaskHandle } from "../workers/pool/task.ts";
import type { Outcome } from "../workers/process/receiver.ts";

/** An inline call that returned a promise. */
interface InlineCall {
  readonly method: string;
  /** Rejects with an {@link RpcError}. */
  readonly result: PromiseLike<unknown>;
  readonly context: LazyCallContext;
  readonly deadlineAtMs: number;
  readonly wheel: DeadlineWheel;
  /** Draws the items, if the procedure is a stream. */
  readonly stream?: Run;
  /** Called once. */
  done(outcome: Outcome): void;
}

/**
 * Waits for the result, the deadline or the cancellation, whichever comes first. The procedure can
 * only be asked to stop: it runs in this process, which cannot be killed.
 */
export function awaitInline(call: InlineCall): TaskHandle {
  let isOver = false;
  const deadline = call.wheel.add(call.deadlineAtMs, () => {
    const message = `Cannot finish ${call.method} before its deadline`;
    abort(new Failure("DeadlineExceeded", message));
  });
  call.result.then((result) => end({ result }), (error: RpcError) => end({ error }));
  return {
    cancel: () => abort(new Failure("Cancelled", `Cancelled ${call.method} while it ran`)),
    more: (n) => call.stream?.more(n),
  };

  function abort(error: Failure): void {
    end({ error });
    if (call.stream === undefined) call.context.abort();
    else call.stream.cancel();
  }

  function end(outcome: Outcome): void {
    if (isOver) return;
    isOver = true;
    deadline.cancel();
    call.done(outcome);
  }
}
