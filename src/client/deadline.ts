import { RpcError } from "../base/errors.ts";
import type { DeadlineWheel } from "../base/deadline_wheel.ts";
import type { Call, Dispatch } from "./call.ts";

/**
 * Ends each call at its deadline or when its caller gives it up, whatever becomes of it below.
 *
 * The outermost layer, because a deadline is over the whole call, all its attempts and waiting
 * included; and because it is the one that promises that every call ends exactly once.
 */
export function withDeadline(wheel: DeadlineWheel, next: Dispatch): Dispatch {
  return (call, done) => {
    let ended = false;
    const deadline = wheel.add(call.deadlineAtMs, () => {
      giveUp(
        new RpcError("DeadlineExceeded", `No answer from ${call.method} ${whereabouts(call)}`, {
          executed: call.attempts === 0 ? "no" : "maybe",
        }),
      );
    });
    const signal = call.signal;
    const onAbort = () => {
      giveUp(
        new RpcError("Cancelled", `The caller gave ${call.method} up ${whereabouts(call)}`, {
          executed: call.attempts === 0 ? "no" : "maybe",
          cause: signal?.reason,
        }),
      );
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) {
      onAbort();
      return;
    }

    next(call, (error, result) => {
      if (ended) return;
      end();
      done(error, result);
    });

    function giveUp(error: RpcError): void {
      if (ended) return;
      end();
      if (error.name === "DeadlineExceeded") call.endpoint?.timedOut();
      call.withdraw?.();
      call.withdraw = undefined;
      done(error, undefined);
    }
    function end(): void {
      ended = true;
      call.ended = true;
      deadline.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  };
}

function whereabouts(call: Call): string {
  if (call.endpoint === undefined) return "in time: no server was connected";
  const again = call.attempts > 1 ? `, attempt ${call.attempts}` : "";
  return `in time (at ${call.endpoint.address}${again})`;
}
