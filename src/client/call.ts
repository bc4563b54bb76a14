import type { Executed, RpcError } from "../base/errors.ts";
import type { Params } from "../wire/message.ts";
import type { MethodLoads } from "./endpoints/loads.ts";

/** What takes the items of a call that asks for a stream. */
export interface CallItems {
  /** Items that may be sent before {@link grant} is called. */
  readonly credit: number;
  /** Items that have come. Once there are some, the call is not sent again. */
  readonly received: number;
  /**
   * Takes the next items, which came in so many bytes.
   *
   * @throws {RpcError} InvalidRequest: the server sent more than it was granted
   */
  items(items: readonly unknown[], bytes: number): void;
  /** Tells the server that so many more may be sent. Set by the connection that the call is on. */
  grant: ((n: number) => void) | undefined;
}

/** The server that a call was handed to, as the layers above the connection see it. */
export interface CallEndpoint {
  /** `host:port`. */
  readonly address: string;
  /** A call of a method, sent at `sentAtMs`, that it was working on, has ended at its deadline. */
  timedOut(method: string, sentAtMs: number): void;
  /** A call that it was working on was given up. */
  gaveUp(call: Call): void;
  /** The server said that it does not offer the method. */
  lacks(method: string): void;
  /** Whether the server says that the method is idempotent; `undefined`: it has not said. */
  isIdempotent(method: string): boolean | undefined;
}

/** Whoever has a call now, and can be asked to let go of it. */
export interface CallHolder {
  /** Forgets the call, which nobody waits for any more: its {@link Done} is not called. */
  cancel(call: Call): void;
}

/**
 * One call on its way down the layers: what the layers need to know of it, and where it stands.
 * What a connection keeps of it stands here too: an object and two closures for it took 4 % of a
 * client's time.
 */
export class Call {
  readonly method: string;
  readonly params: Params | undefined;
  /** On the clock's monotonic scale, in milliseconds. */
  readonly deadlineAtMs: number;
  /** The time that its caller gave it, for people. @default nobody is told */
  timeoutMs: number | undefined;
  /**
   * When it was made, on the same scale, if its maker looked: it is sent at once as a rule, and
   * another look at the clock costs as much as choosing a server.
   */
  madeAtMs: number | undefined;
  /**
   * Whether the caller said that running it twice does no harm; `undefined`: as the server says.
   */
  readonly idempotent: boolean | undefined;
  /** Gives the call up from outside. */
  readonly signal: AbortSignal | undefined;
  /** Its caller has been told. Set by the deadline layer; nothing below need go on. */
  ended = false;
  /** Times it was handed to an endpoint. */
  attempts = 0;
  /** The endpoint that it was handed to last. */
  endpoint: CallEndpoint | undefined;
  /** What is known of its method's latencies: looked up once, when an endpoint is picked. */
  loads: MethodLoads | undefined;
  /**
   * When {@link endpoint} was handed it, on the clock's monotonic scale in milliseconds;
   * `undefined` unless that endpoint works on it now.
   */
  sentAtMs: number | undefined;
  /** Endpoints that failed it, to be tried last. */
  avoid: Set<CallEndpoint> | undefined;
  /** The most that is known of its execution, over the attempts that have failed. */
  executed: Executed = "no";
  /**
   * Where it is now: in a waiting list, or on a connection, whose server is told when it is
   * cancelled.
   */
  holder: CallHolder | undefined;
  /** Its id on the connection that it was sent on last. */
  id = 0;
  /** The length of its line on that connection. */
  bytes = 0;
  /** Who is told of its end on that connection. */
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

  /** Takes it back from wherever it is now. */
  cancel(): void {
    const { holder } = this;
    this.holder = undefined;
    holder?.cancel(this);
  }
}

function tellNobody(): void {}

/**
 * Ends a call: with an error, or without one with the result. Called exactly once. Layers speak by
 * callbacks, not promises, because a promise a layer would cost more than all the rest of a call.
 */
export type Done = (error: RpcError | undefined, result: unknown) => void;

/** Carries out a call. Every layer is a function from the next one of these to another. */
export type Dispatch = (call: Call, done: Done) => void;
