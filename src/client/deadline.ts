import type { Deadline, DeadlineWheel } from "../base/deadline_wheel.ts";
import { type ErrorName, RpcError } from "../base/errors.ts";
import type { Call, Dispatch, Done } from "./call.ts";

/**
 * Ends each call at its deadline or when its caller gives it up, whatever becomes of it below.
 *
 * The outermost layer, because a deadline is over the whole call, all its attempts and waiting
 * included; and because it is the one that promises that every call ends exactly once.
 */
export function withDeadline(wheel: DeadlineWheel, next: Dispatch): Dispatch {
  return (call, done) => new BoundedCall(call, done).start(wheel, next);
}

class BoundedCall {
  readonly #call: Call;
  readonly #done: Done;
  #deadline: Deadline | undefined;
  #onAbort: (() => void) | undefined;

  constructor(call: Call, done: Done) {
    this.#call = call;
    this.#done = done;
  }

  start(wheel: DeadlineWheel, next: Dispatch): void {
    const { signal } = this.#call;
    if (signal !== undefined) {
      if (signal.aborted) return this.#cancel(signal);
      this.#onAbort = () => this.#cancel(signal);
      signal.addEventListener("abort", this.#onAbort);
    }
    this.#deadline = wheel.add(this.#call.deadlineAtMs, () => this.#expire());
    next(this.#call, (error, result) => {
      if (this.#call.ended) return;
      this.#end();
      this.#done(error, result);
    });
  }

  #expire(): void {
    const call = this.#call;
    const error = this.#givenUp("DeadlineExceeded", `No answer to ${call.method} in time`);
    // A server that has sent items answers: that they were not enough may be the caller's own doing.
    const isAnswering = call.stream !== undefined && call.stream.received > 0;
    if (call.sentAtMs !== undefined && !isAnswering) {
      call.endpoint?.timedOut(call.method, call.sentAtMs);
    }
    this.#giveUp(error);
  }

  #cancel(signal: AbortSignal): void {
    const message = `The caller gave ${this.#call.method} up`;
    this.#giveUp(this.#givenUp("Cancelled", message, signal.reason));
  }

  #giveUp(error: RpcError): void {
    this.#end();
    this.#call.withdraw?.();
    this.#call.withdraw = undefined;
    this.#done(error, undefined);
  }

  #end(): void {
    this.#call.ended = true;
    this.#deadline?.cancel();
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
      // Where nobody works on it now, it is known how its attempts ended.
      executed: sentAtMs === undefined ? executed : "maybe",
      cause,
    });
  }
}
