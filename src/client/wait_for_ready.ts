import type { DeadlineWheel } from "../base/deadline_wheel.ts";
import type { Deadline } from "../base/deadline_wheel.ts";
import { RpcError } from "../base/errors.ts";
import { waitingCallsMax } from "../base/limits.ts";
import type { Call, Done } from "./call.ts";

interface Waiting {
  readonly call: Call;
  readonly done: Done;
  readonly deadline: Deadline;
}

/** Calls that wait for an endpoint: at a client's start, and while servers restart. */
export class WaitForReady {
  readonly #wheel: DeadlineWheel;
  readonly #explain: () => string | RpcError;
  readonly #hopeUntilMs: (call: Call) => number | undefined;
  readonly #waiting = new Set<Waiting>();

  /**
   * @param explain tells why there is no endpoint: the message of an Unavailable, or another error
   * @param hopeUntilMs called when a call's waiting time is over: until when it should wait longer,
   * if at all
   */
  constructor(
    wheel: DeadlineWheel,
    explain: () => string | RpcError,
    hopeUntilMs: (call: Call) => number | undefined = () => undefined,
  ) {
    this.#wheel = wheel;
    this.#explain = explain;
    this.#hopeUntilMs = hopeUntilMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Keeps a call until {@link leave}, or until it fails as Unavailable. */
  enter(call: Call, done: Done, untilMs: number): void {
    if (this.#waiting.size >= waitingCallsMax) {
      done(this.#unavailable(`and ${waitingCallsMax} calls are waiting already`), undefined, call);
      return;
    }
    const deadline = this.#wheel.add(untilMs, () => {
      this.#remove(entry);
      const hopeUntilMs = this.#hopeUntilMs(call);
      if (hopeUntilMs === undefined) done(this.#unavailable(), undefined, call);
      else this.enter(call, done, hopeUntilMs);
    });
    const entry: Waiting = { call, done, deadline };
    this.#waiting.add(entry);
    call.holder = { cancel: () => this.#remove(entry) };
  }

  /**
   * Empties the list, and calls `send` with each call, oldest first. `send` may enter calls again,
   * and end others in the list.
   */
  leave(send: (call: Call, done: Done) => void): void {
    if (this.#waiting.size === 0) return;
    for (const entry of [...this.#waiting]) {
      if (!this.#waiting.has(entry)) continue;
      this.#remove(entry);
      send(entry.call, entry.done);
    }
  }

  #remove(entry: Waiting): void {
    this.#waiting.delete(entry);
    entry.deadline.cancel();
    entry.call.holder = undefined;
  }

  #unavailable(also?: string): RpcError {
    const why = this.#explain();
    if (why instanceof RpcError) return why;
    return new RpcError("Unavailable", also === undefined ? why : `${why}, ${also}`);
  }
}
