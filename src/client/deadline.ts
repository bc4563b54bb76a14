import { type DeadlineWheel, WheelEntry } from "../base/deadline_wheel.ts";
import type { SharedLook, Stamped } from "../base/clock.ts";
import { type ErrorName, markAsOutcome, RpcError } from "../base/errors.ts";
import type { Call, Dispatch, Done } from "./call.ts";

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
  return (call, done) => {
    const bounded = new BoundedCall(call, done);
    look?.share(bounded);
    bounded.start(wheel, next);
  };
}

class BoundedCall extends WheelEntry implements Stamped {
  readonly #call: Call;
  readonly #done: Done;
  #onAbort: (() => void) | undefined;

  constructor(call: Call, done: Done) {
    super(call.deadlineAtMs);
    this.#call = call;
    this.#done = done;
  }

  start(wheel: DeadlineWheel, next: Dispatch): void {
    const { signal } = this.#call;
    if (signal !== undefined) {
      if (signal.aborted) return this.#abort(signal);
      this.#onAbort = () => this.#abort(signal);
      signal.addEventListener("abort", this.#onAbort);
    }
    wheel.insert(this);
    next(this.#call, (error, result) => {
      if (this.#call.ended) return;
      this.#end();
      if (error === undefined) return this.#done(undefined, result);
      this.#done(markAsOutcome(this.#withTime(error, wheel.nowMs)), result);
    });
  }

  moved(lateMs: number): void {
    const call = this.#call;
    call.deadlineAtMs += lateMs;
    // A further attempt has a look at the clock of its own.
    if (call.sentAtMs !== undefined && call.attempts === 1) call.sentAtMs += lateMs;
    this.moveBy(lateMs);
  }

  /**
   * Replaces the time in a server's DeadlineExceeded by the one that the caller gave: the server
   * only knows how much was left. If the server ended the call sooner, by its own bound, its time
   * is kept.
   */
  #withTime(error: RpcError, nowMs: number): RpcError {
    const { timeoutMs, deadlineAtMs } = this.#call;
    if (error.name !== "DeadlineExceeded" || timeoutMs === undefined) return error;
    if (deadlineAtMs - nowMs > timeoutMs * leftShareMax) return error;
    const { executed, issues } = error;
    const message = `${error.message} (${timeText(timeoutMs)})`;
    return new RpcError(error.name, message, { executed, issues, cause: error });
  }

  protected override expired(): void {
    const call = this.#call;
    const error = this.#givenUp("DeadlineExceeded", `No answer to ${call.method} ${timeOf(call)}`);
    // A server that has sent items does answer. The caller may have read too slowly.
    const isAnswering = call.stream !== undefined && call.stream.received > 0;
    if (call.sentAtMs !== undefined && !isAnswering) {
      call.endpoint?.timedOut(call.method, call.sentAtMs);
    }
    this.#giveUp(error);
  }

  #abort(signal: AbortSignal): void {
    const message = `The caller gave ${this.#call.method} up`;
    this.#giveUp(this.#givenUp("Cancelled", message, signal.reason));
  }

  #giveUp(error: RpcError): void {
    this.#end();
    if (this.#call.sentAtMs !== undefined) this.#call.endpoint?.gaveUp(this.#call);
    this.#call.cancel();
    this.#done(markAsOutcome(error), undefined);
  }

  #end(): void {
    this.#call.ended = true;
    this.cancel();
    if (this.#onAbort !== undefined) {
      this.#call.signal?.removeEventListener("abort", this.#onAbort);
    }
  }

  #givenUp(name: ErrorName, message: string, cause?: unknown): RpcError {
    const { attempts, endpoint, executed, sentAtMs } = this.#call;
    const where = endpoint === undefined
      ? "no server was connected"
      : `at ${endpoint.address}${attempts > 1 ? `, attempt ${attempts}` : ""}`;
    return new RpcError(name, `${message} (${where})`, {
      // If no server works on it now, the ends of its attempts tell.
      executed: sentAtMs === undefined ? executed : "maybe",
      cause,
    });
  }
}

/** The time that the call was given, which its caller knows, and not what was left. */
function timeOf({ timeoutMs }: Call): string {
  return timeoutMs === undefined ? "in time" : `within ${timeText(timeoutMs)}`;
}

function timeText(ms: number): string {
  const [value, unit] = ms < 1_000 ? [ms, "ms"] : [ms / 1_000, "s"];
  return `${Math.round(value * 1_000) / 1_000} ${unit}`;
}
