import type { Stamped } from "../base/clock.ts";
import { WheelEntry } from "../base/deadline_wheel.ts";
import { type Executed, messageOf, RpcError } from "../base/errors.ts";
import type { Params } from "../wire/message.ts";
import type { MethodLoads } from "./endpoints/loads.ts";

/** Takes the items of a call that asks for a stream. */
export interface CallItems {
  /** Items that may be sent before {@link grant} is called. */
  readonly credit: number;
  /** How many items have arrived. Once there are some, the call is not sent again. */
  readonly received: number;
  /**
   * Takes the next items, which came in so many bytes.
   *
   * @throws {RpcError} InvalidRequest: the server sent more than it was granted
   */
  items(items: readonly unknown[], bytes: number): void;
  /** Grants the server more items. Set by the connection that the call is on. */
  grant: ((n: number) => void) | undefined;
}

/** The server that a call was handed to, as the layers above the connection see it. */
export interface CallEndpoint {
  /** `host:port`. */
  readonly address: string;
  /** A call that it was working on has ended at its deadline. */
  timedOut(method: string, sentAtMs: number): void;
  /** A call that it was working on was given up. */
  gaveUp(call: Call): void;
  /** The server does not offer the method. */
  lacks(method: string): void;
  /** Whether the server declares the method idempotent; `undefined`: not known. */
  isIdempotent(method: string): boolean | undefined;
}

/** The current holder of a call, which can be asked to let go of it. */
export interface CallHolder {
  /** Forgets the call: its {@link Done} is not called. */
  cancel(call: Call): void;
}

/** The deadline layer, as its calls see it. */
export interface CallBound {
  /** The call's time is over. */
  expired(call: Call): void;
}

/**
 * One call on its way down the layers: what the layers need to know of it, and its state. What each
 * layer keeps of it is here too, since objects and closures of their own took a tenth of a client's
 * time.
 */
export class Call extends WheelEntry implements Stamped {
  readonly method: string;
  readonly params: Params | undefined;
  /** The time that its caller gave it, for messages. @default it is not mentioned */
  timeoutMs: number | undefined;
  /**
   * When it was made, on the same scale, if known. Most calls are sent at once, and another look at
   * the clock would cost as much as choosing a server.
   */
  madeAtMs: number | undefined;
  /** Whether the caller declared it idempotent; `undefined`: the server decides. */
  readonly idempotent: boolean | undefined;
  /** Cancels the call when it aborts. */
  readonly signal: AbortSignal | undefined;
  /** Whether its caller was told of its end. Set by the deadline layer. */
  ended = false;
  /** How many times it was handed to an endpoint. */
  attempts = 0;
  /** The endpoint that it was handed to last. */
  endpoint: CallEndpoint | undefined;
  /** The latencies of its method, looked up once when an endpoint is picked. */
  loads: MethodLoads | undefined;
  /**
   * When it was handed to {@link endpoint}, on the clock's monotonic scale in milliseconds;
   * `undefined` unless that endpoint works on it now.
   */
  sentAtMs: number | undefined;
  /** Endpoints that failed it: they are tried last. */
  avoid: Set<CallEndpoint> | undefined;
  /** The worst `executed` of all failed attempts. */
  executed: Executed = "no";
  /** Why it was sent again, or is to be: the end of its last attempt. */
  failure: RpcError | undefined;
  /**
   * Where it is now: in a waiting list, or on a connection, which tells the server if the call is
   * cancelled.
   */
  holder: CallHolder | undefined;
  /** Its id on the connection that it was sent on last. */
  id = 0;
  /** The length of its line on that connection. */
  bytes = 0;
  /** Called when it ends on that connection. */
  done: Done = tellNobody;
  /** Called by the retry layer, when it is not sent again. */
  afterRetry: Done = tellNobody;
  /** Called by the deadline layer, when it has ended in any way. */
  afterDeadline: Done = tellNobody;
  /** The layer that its {@link signal} and its deadline belong to. */
  bound: CallBound | undefined;
  /** What listens to its {@link signal}. */
  onAbort: (() => void) | undefined;
  /** These settle the promise that its caller waits for, if there is one. */
  resolve: ((result: unknown) => void) | undefined;
  reject: ((error: RpcError) => void) | undefined;
  /** That promise. */
  promise: Promise<unknown> | undefined;
  /** Takes the items, if the call asks for a stream. */
  stream: CallItems | undefined;
  /** The trace that it belongs to. */
  traceparent: string | undefined;

  constructor(
    method: string,
    params: Params | undefined,
    deadlineAtMs: number,
    idempotent?: boolean,
    signal?: AbortSignal,
  ) {
    super(deadlineAtMs);
    this.method = method;
    this.params = params;
    this.idempotent = idempotent;
    this.signal = signal;
  }

  /** On the clock's monotonic scale, in milliseconds. */
  get deadlineAtMs(): number {
    return this.atMs;
  }

  moved(lateMs: number): void {
    // A further attempt has a look at the clock of its own.
    if (this.sentAtMs !== undefined && this.attempts === 1) this.sentAtMs += lateMs;
    this.moveBy(lateMs);
  }

  protected override expired(): void {
    this.bound?.expired(this);
  }

  /** Removes it from its holder. */
  leave(): void {
    const { holder } = this;
    this.holder = undefined;
    holder?.cancel(this);
  }
}

function tellNobody(): void {}

/**
 * Ends a call, with an error or else with the result. Called exactly once. Layers use callbacks and
 * not promises, because a promise for each layer would cost more than all the rest of a call. It is
 * told the call, so that a layer needs one such function for all calls.
 */
export type Done = (error: RpcError | undefined, result: unknown, call: Call) => void;

/** Carries out a call. Each layer is a function that takes the next Dispatch and returns one. */
export type Dispatch = (call: Call, done: Done) => void;

/** The error of a call whose deadline has passed before it was sent. */
export function overdueError({ method }: Call): RpcError {
  const message = `Cannot call ${method}: its time was over before it could be sent`;
  return new RpcError("DeadlineExceeded", message, { executed: "no" });
}

/** The error of a call that may have run, and that no server would run again. */
export function refusedError({ method }: Call): RpcError {
  return new RpcError("Unavailable", `No server that is left says that ${method} is idempotent`);
}

/** The error of a call without a client, which was closed. */
export function closedError(): RpcError {
  return new RpcError("Cancelled", "The client is closed", { executed: "no" });
}

/** The error of a call that could not be encoded: not only parameters may be no JSON. */
export function notSent({ method }: Call, thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  return new RpcError("InvalidParams", `Cannot call ${method}: ${messageOf(thrown)}`);
}
