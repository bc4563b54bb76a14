import { DeadlineWheel } from "../base/deadline_wheel.ts";
import { Failure, RpcError } from "../base/errors.ts";
import { callTimeoutMaxMsDefault, callTimeoutMsDefault } from "../base/limits.ts";
import type { Matcher } from "../base/names/patterns.ts";
import { Waiters } from "../base/waiters.ts";
import { LazyCallContext } from "../procedures/call_context.ts";
import { invoke, isThenable } from "../procedures/invoke.ts";
import type { AnyProcedure } from "../procedures/plain/plain_procedure.ts";
import { startStream } from "../procedures/stream_run.ts";
import type { Params, Request, UnreadJson, UnreadRequest } from "../wire/message.ts";
import type { Stats } from "../wire/reports/stats.ts";
import { TooLongError } from "../wire/message_bound.ts";
import { reservedMethods } from "../wire/reserved.ts";
import { readParams } from "../wire/unread/read_unread.ts";
import type { Pool } from "../workers/pool/pool.ts";
import type { TaskHandle, TaskOutcome } from "../workers/pool/task.ts";
import { awaitInline } from "./inline_call.ts";
import { type Method, MethodTable, type MethodTableOptions } from "./method_table.ts";
import type { Peer, Reply } from "./reply.ts";
import type { ToldLoads } from "./told_loads.ts";
import { ReservedMethods, type ReservedMethodsOptions } from "./reserved_methods.ts";

/** What a {@link Dispatcher} needs. */
export interface DispatcherOptions extends MethodTableOptions, ReservedMethodsOptions {
  /** Runs procedures that are not inline. Absent: there are none. */
  readonly pool?: Pool;
  /** Longest deadline that a call gets. @default callTimeoutMaxMsDefault */
  readonly callTimeoutMaxMs?: number | undefined;
  /** The number of open connections, for `rpc.stats`. */
  connections(): number;
  /** What their clients tell of the calls that they make. */
  readonly loads: ToldLoads;
}

/**
 * One inline call in this many is measured, since a look at the clock takes as long as the call.
 */
const inlineSampling = 64;

/**
 * A call that took longer, in milliseconds, tells its caller if it was the last one here. After a
 * shorter one the next is here as soon as anything that could be told.
 */
const idleToldAfterMs = 1;

/**
 * Answers requests: it finds the method, runs it here or in a worker, and counts.
 *
 * The process that runs the procedure checks the parameters, so those of workers are not looked at
 * here.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #methods: MethodTable;
  readonly #reserved: ReservedMethods;
  #pool: Pool | undefined;
  readonly #wheel: DeadlineWheel;
  readonly #startedAtMs: number;
  #inFlight = 0;
  #isDraining = false;
  readonly #idleWaiters = new Waiters();

  constructor(options: DispatcherOptions) {
    const { clock, pool } = options;
    this.#options = options;
    this.#methods = new MethodTable(options, pool);
    this.#reserved = new ReservedMethods(this.#methods, options, {
      stats: () => this.stats(),
      connections: options.connections,
      loads: options.loads,
      deadlineOf: (request) => this.#deadlineOf(request),
    });
    this.#pool = pool;
    this.#wheel = new DeadlineWheel(clock);
    this.#startedAtMs = clock.now();
  }

  /**
   * Replaces the pool, and with it the methods that it offers. The former pool answers the calls
   * that it has. Returns whether the offered methods have changed.
   */
  usePool(pool: Pool): boolean {
    this.#pool = pool;
    return this.#methods.install(pool);
  }

  /** Calls that wait or run. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Answers new calls Draining from now on. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Resolves when no call waits or runs. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return this.#idleWaiters.wait();
  }

  /** Whether a request for this method may be a stream. */
  isStream(method: string): boolean {
    return method === reservedMethods.tap || this.#methods.get(method)?.isStream === true;
  }

  /**
   * Answers a request through `reply`. If that takes time, it returns a handle by which the call
   * can be cancelled; otherwise it answers before it returns, and returns nothing.
   */
  dispatch(request: UnreadRequest, reply: Reply, peer: Peer): TaskHandle | undefined {
    const method = this.#methods.get(request.method);
    const { unread } = request;
    if (unread !== undefined && (method === undefined || method.inline !== undefined)) {
      return this.#dispatchRead(request, unread, reply, peer);
    }
    if (method === undefined) {
      return this.#reserved.answer(request, reply, peer);
    }
    method.counters.count();
    if (this.#isDraining) {
      const message = `Cannot call ${method.name}: the server is about to stop`;
      this.#fail(method, reply, new Failure("Draining", message));
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

  /** Parses parameters that no worker will parse. */
  #dispatchRead(
    { unread: _, ...request }: UnreadRequest,
    unread: UnreadJson,
    reply: Reply,
    peer: Peer,
  ): TaskHandle | undefined {
    let params: Params;
    try {
      params = readParams(unread);
    } catch (error) {
      // To tell that there is no such method takes no parameters.
      const isKnown = this.#methods.get(request.method) !== undefined;
      if (!isKnown && error instanceof TooLongError) {
        return this.#reserved.answer(request, reply, peer);
      }
      reply.fail(RpcError.from(error));
      return undefined;
    }
    return this.dispatch({ ...request, params }, reply, peer);
  }

  /** The answer to `rpc.stats`. */
  stats(): Stats {
    const { service, version, clock, connections } = this.#options;
    const { size, up, busy, queued, restarts } = this.#pool?.stats() ??
      { size: 0, up: 0, busy: 0, queued: 0, restarts: 0 };
    return {
      service,
      version,
      uptimeMs: Math.round(clock.now() - this.#startedAtMs),
      timeMs: clock.wallTimeMs(),
      draining: this.#isDraining,
      connections: connections(),
      inFlight: this.#inFlight,
      queued,
      workers: { size, up, busy, restarts },
      methods: this.#methods.stats(),
    };
  }

  #runInline(
    method: Method,
    procedure: AnyProcedure,
    request: Request,
    reply: Reply,
    { name: caller }: Peer,
  ): TaskHandle | undefined {
    const { clock } = this.#options;
    const { counters, name } = method;
    const startedAtMs = counters.calls % inlineSampling === 1 ? clock.now() : undefined;
    if (request.meta?.timeoutMs === 0) {
      const message = `Cannot run ${name}: its deadline passed before it began`;
      this.#fail(method, reply, new Failure("DeadlineExceeded", message, "no"));
      return undefined;
    }
    const { traceparent } = request.meta ?? {};
    const context = new LazyCallContext(traceparent, caller, clock, this.#timeoutOf(request));
    if (method.isStream) return this.#runInlineStream(method, procedure, request, reply, context);
    let result: unknown;
    try {
      result = invoke(name, procedure, request.params, context);
    } catch (error) {
      this.#fail(method, reply, RpcError.from(error));
      return undefined;
    }
    if (isThenable(result)) {
      const done = this.#begin(method, reply, request);
      const deadlineAtMs = context.deadlineAtMs ??= this.#deadlineOf(request);
      return awaitInline({ method: name, result, context, deadlineAtMs, wheel: this.#wheel, done });
    }
    if (startedAtMs !== undefined) counters.measure(clock.now() - startedAtMs);
    reply.succeed(result);
    return undefined;
  }

  #runInlineStream(
    method: Method,
    procedure: AnyProcedure,
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
    const done = this.#begin(method, reply, request);
    const deadlineAtMs = context.deadlineAtMs ??= this.#deadlineOf(request);
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

  #submit(
    method: Method,
    request: UnreadRequest,
    reply: Reply,
    caller: Peer,
  ): TaskHandle | undefined {
    // One look at the clock for everything below, since each takes a share of the call's time.
    const nowMs = this.#options.clock.now();
    // A notification has no answer that anything could be told ahead of.
    const told = request.id === undefined ? undefined : caller;
    const done = this.#begin(method, reply, request, nowMs, told);
    // A method that is not inline comes from the pool, so there is one.
    return this.#pool?.submit({
      method: method.name,
      kind: method.kind,
      params: request.params,
      unread: request.unread,
      deadlineAtMs: nowMs + this.#timeoutOf(request),
      cameAtMs: nowMs,
      traceparent: request.meta?.traceparent,
      caller,
      isIdempotent: method.isIdempotent,
      done,
      stream: method.isStream ? reply.stream : undefined,
    });
  }

  #deadlineOf(request: Request): number {
    return this.#options.clock.now() + this.#timeoutOf(request);
  }

  #timeoutOf({ meta }: Request): number {
    const { callTimeoutMaxMs = callTimeoutMaxMsDefault } = this.#options;
    return Math.min(meta?.timeoutMs ?? callTimeoutMsDefault, callTimeoutMaxMs);
  }

  /** Counts a call as under way until the returned function is called. */
  #begin(
    method: Method,
    reply: Reply,
    request: UnreadRequest,
    startedAtMs = this.#options.clock.now(),
    peer?: Peer,
  ): (outcome: TaskOutcome) => void {
    const { clock } = this.#options;
    const isCut = this.#isCut(request);
    this.#inFlight++;
    return (outcome) => {
      this.#inFlight--;
      const tookMs = clock.now() - startedAtMs;
      method.counters.measure(tookMs);
      // The worker of a call that failed may still run it, or be about to be replaced.
      const isFree = this.#inFlight === 0 && !("error" in outcome);
      if (isFree && tookMs > idleToldAfterMs && !this.#isDraining) peer?.idle();
      if ("error" in outcome) {
        const { error } = outcome;
        this.#fail(method, reply, isCut ? this.#withCut(error) : error);
      } else if ("json" in outcome) reply.succeedWithJson(outcome.json);
      else reply.succeed(outcome.result);
      if (this.#inFlight === 0) this.#idleWaiters.wake();
    };
  }

  /** Whether this server allows a call less time than its caller does. */
  #isCut({ meta }: Request): boolean {
    const { callTimeoutMaxMs = callTimeoutMaxMsDefault } = this.#options;
    return meta?.timeoutMs !== undefined && meta.timeoutMs > callTimeoutMaxMs;
  }

  #withCut(error: Failure): Failure {
    const { callTimeoutMaxMs = callTimeoutMaxMsDefault } = this.#options;
    if (error.name !== "DeadlineExceeded") return error;
    const message = `${error.message}: this server allows ${callTimeoutMaxMs} ms at the most ` +
      "(rpc serve --call-timeout-max, or callTimeoutMaxMs)";
    return new Failure(error.name, message, error.executed);
  }

  #fail(method: Method, reply: Reply, error: Failure): void {
    method.counters.countError(error.name);
    reply.fail(error);
  }
}

/** Whether a caller may call a restricted procedure. One without a name may not. */
function isAmong(isFor: Matcher, { name }: Peer): boolean {
  return name !== undefined && isFor(name);
}

function notFor(method: string, { name }: Peer): RpcError {
  return new RpcError(
    "PermissionDenied",
    name === undefined
      ? `${method} is for named callers, and nobody is known to a server without keys: rpc keys init`
      : `${
        JSON.stringify(name)
      } may not call ${method}: it is for other callers (rpc methods ${method} tells whom)`,
  );
}
