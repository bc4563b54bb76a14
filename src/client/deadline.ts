import type { DeadlineWheel } from "../base/deadline_wheel.ts";
import type { SharedLook } from "../base/clock.ts";
import { type ErrorName, markAsOutcome, RpcError } from "../base/errors.ts";
import type { Call, CallBound, Dispatch, Done } from "./call.ts";

/**
 * A server's clock may go a little faster than ours: a call that the server ends with at most this
 * share of its time left has ended at its deadline.
 */
const leftShareMax = 0.1;

/**
 * Ends each call at its deadline or when its caller cancels it, whatever happens in the layers
 * below.
 *
 * It is the outermost layer, because a deadline covers the whole call with all attempts and
 * waiting, and because this layer guarantees that every call ends exactly once.
 *
 * @param look the one that tells when calls are made
 */
export function withDeadline(wheel: DeadlineWheel, next: Dispatch, look?: SharedLook): Dispatch {
  const bound = new Bound(wheel, next);
  return (call, done) => {
    call.afterDeadline = done;
    look?.share(call);
    bound.start(call);
  };
}

class Bound implements CallBound {
  readonly #wheel: DeadlineWheel;
  readonly #next: Dispatch;

  constructor(wheel: DeadlineWheel, next: Dispatch) {
    this.#wheel = wheel;
    this.#next = next;
  }

  start(call: Call): void {
    const { signal } = call;
    if (signal !== undefined) {
      if (signal.aborted) return abort(call, signal);
      call.onAbort = () => abort(call, signal);
      signal.addEventListener("abort", call.onAbort);
    }
    call.bound = this;
    this.#wheel.insert(call);
    this.#next(call, this.#done);
  }

  readonly #done: Done = (error, result, call) => {
    if (call.ended) return;
    end(call);
    const told = error === undefined
      ? undefined
      : markAsOutcome(withTime(call, error, this.#wheel.nowMs));
    call.afterDeadline(told, result, call);
  };

  expired(call: Call): void {
    const error = givenUp(call, "DeadlineExceeded", `No answer to ${call.method} ${timeOf(call)}`);
    // A server that has sent items does answer. The caller may have read too slowly.
    const isAnswering = call.stream !== undefined && call.stream.received > 0;
    if (call.sentAtMs !== undefined && !isAnswering) {
      call.endpoint?.timedOut(call.method, call.sentAtMs);
    }
    giveUp(call, error);
  }
}

/**
 * Replaces the time in a server's DeadlineExceeded by the one that the caller gave: the server only
 * knows how much was left, and nothing of other attempts. If the server ended the call sooner, by
 * its own bound, its time is kept.
 */
function withTime(call: Call, error: RpcError, nowMs: number): RpcError {
  const { timeoutMs, deadlineAtMs } = call;
  if (error.name !== "DeadlineExceeded" || timeoutMs === undefined) return error;
  if (deadlineAtMs - nowMs > timeoutMs * leftShareMax) return error;
  const { executed, issues } = error;
  const message = `${error.message} (${timeText(timeoutMs)}${attemptOf(call)})`;
  return new RpcError(error.name, message, { executed, issues, cause: error });
}

function abort(call: Call, signal: AbortSignal): void {
  const message = `The caller gave ${call.method} up`;
  giveUp(call, givenUp(call, "Cancelled", message, signal.reason));
}

function giveUp(call: Call, error: RpcError): void {
  end(call);
  if (call.sentAtMs !== undefined) call.endpoint?.gaveUp(call);
  call.leave();
  call.afterDeadline(markAsOutcome(error), undefined, call);
}

function end(call: Call): void {
  call.ended = true;
  call.cancel();
  if (call.onAbort !== undefined) call.signal?.removeEventListener("abort", call.onAbort);
}

function givenUp(call: Call, name: ErrorName, message: string, cause?: unknown): RpcError {
  const { endpoint, executed, sentAtMs } = call;
  const where = endpoint === undefined
    ? "no server was connected"
    : `at ${endpoint.address}${attemptOf(call)}`;
  return new RpcError(name, `${message} (${where})`, {
    // If no server works on it now, the ends of its attempts tell.
    executed: sentAtMs === undefined ? executed : "maybe",
    cause,
  });
}

/** Which attempt it was and why, unless it is the first: more time may not be what is missing. */
function attemptOf({ attempts, failure }: Call): string {
  const attempt = attempts > 1 ? `, attempt ${attempts}` : "";
  return failure === undefined ? attempt : `${attempt} after ${failure.name}: ${failure.message}`;
}

/** The time that the call was given, which its caller knows, and not what was left. */
function timeOf({ timeoutMs }: Call): string {
  return timeoutMs === undefined ? "in time" : `within ${timeText(timeoutMs)}`;
}

function timeText(ms: number): string {
  const [value, unit] = ms < 1_000 ? [ms, "ms"] : [ms / 1_000, "s"];
  return `${Math.round(value * 1_000) / 1_000} ${unit}`;
}
