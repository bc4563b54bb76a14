import type { Executed, RpcError } from "../base/errors.ts";
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

/**
 * One call on its way down the layers: what the layers need to know of it, and its state. The
 * connection's part of the state is here too, since a separate object with two closures took 4 % of
 * a client's time.
 */
export class Call {
  readonly method: string;
  readonly params: Params | undefined;
  /** On the clock's monotonic scale, in milliseconds. */
  deadlineAtMs: number;
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
    this.method = method;
    this.params = params;
    this.deadlineAtMs = deadlineAtMs;
    this.idempotent = idempotent;
    this.signal = signal;
  }

  /** Removes it from its holder. */
  cancel(): void {
    const { holder } = this;
    this.holder = undefined;
    holder?.cancel(this);
  }
}

function tellNobody(): void {}

/**
 * Ends a call, with an error or else with the result. Called exactly once. Layers use callbacks and
 * not promises, because a promise for each layer would cost more than all the rest of a call.
 */
export type Done = (error: RpcError | undefined, result: unknown) => void;

/** Carries out a call. Each layer is a function that takes the next Dispatch and returns one. */
export type Dispatch = (call: Call, done: Done) => void;
