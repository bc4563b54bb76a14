import type { Clock } from "../base/clock.ts";
import { DeadlineWheel } from "../base/deadline_wheel.ts";
import { RpcError } from "../base/errors.ts";
import {
  callTimeoutMaxMsDefault,
  callTimeoutMsDefault,
  messageMaxDefault,
  statsPeriodMs,
} from "../base/limits.ts";
import { nearest } from "../base/names/nearest.ts";
import { type Matcher, matcherOf } from "../base/names/patterns.ts";
import { Waiters } from "../base/waiters.ts";
import { LazyCallContext } from "../procedures/call_context.ts";
import { invoke, isThenable } from "../procedures/invoke.ts";
import { mergeOpenRpc, type OpenRpcDocument, toOpenRpc } from "../procedures/openrpc.ts";
import type { Procedure, ProcedureKind, Procedures } from "../procedures/procedure.ts";
import { type ItemSink, startStream } from "../procedures/stream_run.ts";
import { cancelledId, moreParams, saidMessageMax } from "../wire/decode_request.ts";
import type { Id, Request } from "../wire/message.ts";
import { reservedMethods } from "../wire/reserved.ts";
import type { Stats } from "../wire/reports/stats.ts";
import type { Pool } from "../workers/pool/pool.ts";
import type { Caller, TaskHandle } from "../workers/pool/task.ts";
import type { Outcome } from "../workers/process/owed_requests.ts";
import { awaitInline } from "./inline_call.ts";
import { MethodCounters } from "./method_counters.ts";

/** Takes the answer to one request. Exactly one of its methods is called, once. */
export interface Reply {
  /** Where items go, if the caller asked for a stream. */
  readonly stream?: ItemSink | undefined;
  succeed(result: unknown): void;
  /** {@link succeed} with what is JSON already. */
  succeedWithJson(result: string): void;
  fail(error: RpcError): void;
}

/** What a request can ask of the connection that it came by. */
export interface Peer extends Caller {
  /** Cancels the calls of this connection that have this id. */
  cancel(id: Id): void;
  /** Grants the calls of this connection that have this id so many more items. */
  more(id: Id, n: number): void;
  /** The peer has said how long a message it takes, in bytes. */
  takes(messageMax: number): void;
}

/** What a {@link Dispatcher} needs. */
export interface DispatcherOptions {
  /** Those of kind `inline` run in this process; all others are the pool's. */
  readonly procedures: Procedures;
  /** Runs what is not inline. Without it there is nothing else. */
  readonly pool?: Pool;
  readonly service: string;
  readonly version: string;
  /** Longest message that is taken and sent, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
  /** Longest deadline that a call is given. @default callTimeoutMaxMsDefault */
  readonly callTimeoutMaxMs?: number | undefined;
  readonly clock: Clock;
  /**
   * Changes this server's shares as `rpc.override` asks, and resolves with what then holds.
   * @default it cannot
   *
   * @throws {RpcError} why it does not
   */
  readonly override?: ((params: Request["params"]) => Promise<unknown>) | undefined;
  /** Answers `rpc.tap`, until a deadline. @default it is a method that is not there */
  readonly tap?:
    | ((request: Request, reply: Reply, deadlineAtMs: number) => TaskHandle | undefined)
    | undefined;
  /** Connections that are open, for `rpc.stats`. */
  connections(): number;
}

/** One procedure, and where it runs. */
interface Method {
  readonly name: string;
  readonly inline: Procedure | undefined;
  readonly kind: ProcedureKind;
  readonly isStream: boolean;
  readonly isIdempotent: boolean;
  /** Who may call it; `undefined`: whoever may call the server. */
  readonly isFor: Matcher | undefined;
  readonly counters: MethodCounters;
}

/**
 * Of the inline calls, which take microseconds, one in so many is measured: a look at the clock
 * costs as much.
 */
const inlineSampling = 64;

/**
 * Longest method name that a similar one is looked for: the search takes time, and nobody mistypes
 * more.
 */
const guessedLengthMax = 64;

/**
 * Requests to answers: finds the method, runs it here or has a worker run it, and counts.
 *
 * Parameters are checked by the process that runs the procedure, so a worker's are not looked at
 * here.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  #methods: ReadonlyMap<string, Method> = new Map();
  /** What `rpc.discover` answers, as JSON: it may be long, and is the same for all. */
  #document: string;
  #statsJson = "";
  #statsAtMs = -Infinity;
  #pool: Pool | undefined;
  readonly #wheel: DeadlineWheel;
  readonly #startedAtMs: number;
  #inFlight = 0;
  #isDraining = false;
  readonly #idleWaiters = new Waiters();

  constructor(options: DispatcherOptions) {
    const { clock, pool } = options;
    this.#options = options;
    this.#document = JSON.stringify(this.#install(pool));
    this.#wheel = new DeadlineWheel(clock);
    this.#startedAtMs = clock.now();
  }

  /**
   * From now on `pool` runs what is not inline, and what it offers is offered. Calls that the pool
   * before it has taken are answered by that one. Returns whether anything else is offered now.
   */
  usePool(pool: Pool): boolean {
    const before = this.#document;
    this.#document = JSON.stringify(this.#install(pool));
    return this.#document !== before;
  }

  /** Calls that wait or run. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** From now on new calls are answered Draining. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Resolves when no call waits or runs. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return this.#idleWaiters.wait();
  }

  /**
   * Answers a request through `reply`: before it returns if it can, and then returns nothing;
   * otherwise returns what cancels the call.
   */
  dispatch(request: Request, reply: Reply, peer: Peer): TaskHandle | undefined {
    const method = this.#methods.get(request.method);
    if (method === undefined) {
      return this.#answerReserved(request, reply, peer);
    }
    method.counters.count();
    if (this.#isDraining) {
      const message = `Cannot call ${method.name}: the server is about to stop`;
      this.#fail(method, reply, new RpcError("Draining", message));
      return undefined;
    }
    if (method.isFor !== undefined && !isAmong(method.isFor, peer)) {
      this.#fail(method, reply, notFor(method.name, peer));
      return undefined;
    }
    return method.inline === undefined
      ? this.#submit(method, request, reply, peer)
      : this.#runInline(method, method.inline, request, reply, peer);
  }

  #runInlineStream(
    method: Method,
    procedure: Procedure,
    request: Request,
    reply: Reply,
    context: LazyCallContext,
  ): TaskHandle {
    const { name } = method;
    const { messageMax } = this.#options;
    const stream = startStream(
      { method: name, procedure, params: request.params, context, messageMax },
      reply.stream,
    );
    const done = this.#begin(method, reply);
    const deadlineAtMs = this.#deadlineOf(request);
    const wheel = this.#wheel;
    return awaitInline({
      method: name,
      result: stream.run(),
      context,
      deadlineAtMs,
      wheel,
      stream,
      done,
    });
  }

  /** What the server is doing, and has done. */
  stats(): Stats {
    const { service, version, clock, connections } = this.#options;
    const { size, busy, queued, restarts } = this.#pool?.stats() ??
      { size: 0, busy: 0, queued: 0, restarts: 0 };
    const methods = [...this.#methods.values()];
    return {
      service,
      version,
      uptimeMs: Math.round(clock.now() - this.#startedAtMs),
      draining: this.#isDraining,
      connections: connections(),
      inFlight: this.#inFlight,
      queued,
      workers: { size, busy, restarts },
      methods: Object.fromEntries(methods.map(({ name, counters }) => [name, counters.stats()])),
    };
  }

  /**
   * {@link stats} as JSON, computed only so often: each takes a sort a method, and anybody may ask.
   */
  #latestStats(): string {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#statsAtMs >= statsPeriodMs) {
      this.#statsAtMs = nowMs;
      this.#statsJson = JSON.stringify(this.stats());
    }
    return this.#statsJson;
  }

  /** Makes the table of methods. What was counted of a method stays. */
  #install(pool: Pool | undefined): OpenRpcDocument {
    const { procedures, service, version, messageMax = messageMaxDefault } = this.#options;
    const offered = pool?.document();
    // A user's procedure goes before a built-in one of the same name.
    const shadows = new Set(
      offered?.methods.filter((method) => method["x-kind"] !== "inline").map(({ name }) => name),
    );
    const inline = Object.fromEntries(
      Object.entries(procedures).filter(([name, { kind }]) =>
        kind === "inline" && !shadows.has(name)
      ),
    );
    const own = toOpenRpc(inline, { title: service, version, "x-message-max": messageMax });
    const document = offered === undefined ? own : mergeOpenRpc(own, offered);
    const methods = document.methods.map(({ name, ...method }): Method => ({
      name,
      inline: Object.hasOwn(inline, name) ? inline[name] : undefined,
      kind: method["x-kind"],
      isStream: method["x-stream"],
      isIdempotent: method["x-idempotent"],
      isFor: method["x-callers"] === undefined ? undefined : matcherOf(method["x-callers"]),
      counters: this.#methods.get(name)?.counters ?? new MethodCounters(),
    }));
    this.#methods = new Map(methods.map((method) => [method.name, method]));
    this.#pool = pool;
    return document;
  }

  #runInline(
    method: Method,
    procedure: Procedure,
    request: Request,
    reply: Reply,
    { name: caller }: Peer,
  ): TaskHandle | undefined {
    const { clock } = this.#options;
    const { counters, name } = method;
    const startedAtMs = counters.calls % inlineSampling === 1 ? clock.now() : undefined;
    if (request.meta?.timeoutMs === 0) {
      const message = `Cannot run ${name}: its deadline passed before it began`;
      this.#fail(method, reply, new RpcError("DeadlineExceeded", message, { executed: "no" }));
      return undefined;
    }
    const context = new LazyCallContext(request.meta?.traceparent, caller);
    if (method.isStream) return this.#runInlineStream(method, procedure, request, reply, context);
    let result: unknown;
    try {
      result = invoke(name, procedure, request.params, context);
    } catch (error) {
      this.#fail(method, reply, RpcError.from(error));
      return undefined;
    }
    if (isThenable(result)) {
      const done = this.#begin(method, reply);
      const deadlineAtMs = this.#deadlineOf(request);
      return awaitInline({ method: name, result, context, deadlineAtMs, wheel: this.#wheel, done });
    }
    if (startedAtMs !== undefined) counters.measure(clock.now() - startedAtMs);
    reply.succeed(result);
    return undefined;
  }

  #submit(method: Method, request: Request, reply: Reply, caller: Caller): TaskHandle | undefined {
    // There is a method that is not inline only if there is a pool that offers it.
    return this.#pool?.submit({
      method: method.name,
      kind: method.kind,
      params: request.params,
      deadlineAtMs: this.#deadlineOf(request),
      traceparent: request.meta?.traceparent,
      caller,
      isIdempotent: method.isIdempotent,
      done: this.#begin(method, reply),
      stream: method.isStream ? reply.stream : undefined,
    });
  }

  #deadlineOf({ meta }: Request): number {
    const { clock, callTimeoutMaxMs = callTimeoutMaxMsDefault } = this.#options;
    return clock.now() + Math.min(meta?.timeoutMs ?? callTimeoutMsDefault, callTimeoutMaxMs);
  }

  /** Counts a call as under way until the returned function is called. */
  #begin(method: Method, reply: Reply): (outcome: Outcome) => void {
    const { clock } = this.#options;
    const startedAtMs = clock.now();
    this.#inFlight++;
    return (outcome) => {
      this.#inFlight--;
      method.counters.measure(clock.now() - startedAtMs);
      if ("error" in outcome) this.#fail(method, reply, outcome.error);
      else reply.succeed(outcome.result);
      if (this.#inFlight === 0) this.#idleWaiters.wake();
    };
  }

  #fail(method: Method, reply: Reply, error: RpcError): void {
    method.counters.countError(error.name);
    reply.fail(error);
  }

  #answerReserved(request: Request, reply: Reply, peer: Peer): TaskHandle | undefined {
    const { method, params } = request;
    const { override, tap } = this.#options;
    if (method === reservedMethods.tap && tap !== undefined) {
      return tap(request, reply, this.#deadlineOf(request));
    }
    if (method === reservedMethods.override && override !== undefined) {
      override(params).then((result) => reply.succeed(result), (error) => reply.fail(error));
      return { cancel() {}, more() {} };
    }
    this.#answerAtOnce(method, params, reply, peer);
    return undefined;
  }

  #answerAtOnce(method: string, params: Request["params"], reply: Reply, peer: Peer): void {
    switch (method) {
      case reservedMethods.ping:
        return reply.succeed("pong");
      case reservedMethods.discover: {
        const messageMax = saidMessageMax(params);
        if (messageMax !== undefined) peer.takes(messageMax);
        return reply.succeedWithJson(this.#document);
      }
      case reservedMethods.stats:
        return reply.succeedWithJson(this.#latestStats());
      case reservedMethods.cancel: {
        const id = cancelledId(params);
        if (id !== undefined) peer.cancel(id);
        return reply.succeed(null);
      }
      case reservedMethods.more: {
        const read = moreParams(params);
        if (read !== undefined) peer.more(read.id, read.n);
        return reply.succeed(null);
      }
    }
    reply.fail(new RpcError("MethodNotFound", this.#notFound(method)));
  }

  #notFound(name: string): string {
    const guess = name.length > guessedLengthMax ? undefined : nearest(name, this.#methods.keys());
    const hint = guess === undefined ? "see rpc.discover" : `did you mean ${guess}?`;
    return `Cannot find the method ${JSON.stringify(name)}: ${hint}`;
  }
}

/**
 * Whether a caller is one of those that a procedure is for. Nobody is, of whom nothing is known.
 */
function isAmong(isFor: Matcher, { name }: Peer): boolean {
  return name !== undefined && isFor(name);
}

function notFor(method: string, { name }: Peer): RpcError {
  return new RpcError(
    "PermissionDenied",
    name === undefined
      ? `${method} is for named callers, and nobody is known to a server without keys: rpc keys init`
      : `${JSON.stringify(name)} may not call ${method}: it is for other callers`,
  );
}
