import { type Clock, SharedLook, systemClock, type Timer } from "../base/clock.ts";
import { DeadlineWheel, wheelTickMs } from "../base/deadline_wheel.ts";
import { markAsOutcome, RpcError } from "../base/errors.ts";
import {
  callTimeoutMsDefault,
  gatheringMsMax,
  gatheringShare,
  heartbeatTickMs,
  subsetDefault,
  unavailableAfterMsDefault,
} from "../base/limits.ts";
import { silentLogger } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import type { Change, InstanceSource, Snapshot, Watch } from "../discovery/discovery.ts";
import { withOwnNumbers } from "../wire/exact_json.ts";
import type { Params } from "../wire/message.ts";
import { createPick } from "./endpoints/balancer.ts";
import { Call, closedError, type Dispatch, type Done, overdueError, refusedError } from "./call.ts";
import {
  begunAt,
  callFault,
  type CallOptions,
  checkClientOptions,
  type ClientOptions,
  type ClientStats,
  type StreamOptions,
} from "./client_options.ts";
import type { CallReport } from "./call_report.ts";
import { CallStream, streamCreditDefault } from "./call_stream.ts";
import { withDeadline } from "./deadline.ts";
import { Endpoints } from "./endpoints/endpoints.ts";
import { DelayedRetries } from "./delayed_retries.ts";
import { withRetry } from "./retry.ts";
import { RetryBudget } from "./retry_budget.ts";
import { withClientSpans } from "./tracing.ts";
import { tcpTransport } from "./transport.ts";
import { WaitForReady } from "./wait_for_ready.ts";
import { whyNoServer } from "./why_no_server.ts";

/** How often a call that waits for servers' first connections checks for them. */
const hopePeriodMs = 200;

/**
 * Calls procedures on whatever servers of a service there are: finds them, connects to each as it
 * appears, spreads the calls, and sends a call again where that is safe.
 *
 * A call passes four layers: deadline, retry, balancing, connection. Each one's comment gives the
 * reason for its place. The layers above the connection are functions of type {@link Dispatch}.
 */
export class Client {
  readonly #discovery: InstanceSource;
  readonly #service: string;
  readonly #clock: Clock;
  readonly #look: SharedLook;
  /** How long a call may take that names no time itself, in milliseconds. */
  readonly timeoutMs: number;
  readonly #exactNumbers: boolean;
  readonly #unavailableAfterMs: number;
  readonly #endpoints: Endpoints;
  readonly #waiting: WaitForReady;
  readonly #delayed: DelayedRetries;
  readonly #dispatch: Dispatch;
  readonly #watch: Watch;
  readonly #heartbeat: Timer;
  readonly #registryChanged: ClientOptions["registryChanged"];
  #registry: "silent" | "in trouble" | "read" = "silent";
  #trouble: RpcError | undefined;
  #isStale = false;
  #closed = false;
  /** While {@link close} ends the calls. */
  #isClosing = false;
  #retries = 0;
  #ejections = 0;
  #reached = false;
  /** When the registry first listed servers. */
  #foundAtMs: number | undefined;
  /** Runs while calls wait for more servers than the first one. */
  #gathering: Timer | undefined;

  /**
   * Starts finding and connecting at once.
   *
   * @throws {RpcError} InvalidParams: an option has an impossible value
   */
  constructor(options: ClientOptions) {
    checkClientOptions(options);
    const clock = options.clock ?? systemClock;
    const random = options.random ?? systemRandom;
    const { subset = subsetDefault } = options;
    this.#discovery = options.discovery;
    this.#service = options.service ?? "rpc";
    this.#clock = clock;
    this.#look = SharedLook.of(clock);
    this.#exactNumbers = options.exactNumbers ?? false;
    this.timeoutMs = options.timeoutMs ?? callTimeoutMsDefault;
    this.#unavailableAfterMs = options.unavailableAfterMs ?? unavailableAfterMsDefault;

    const wheel = DeadlineWheel.of(clock);
    this.#waiting = new WaitForReady(
      wheel,
      () => this.#whyNoServer(),
      (call) => this.#hopeUntilMs(call),
    );
    this.#endpoints = new Endpoints(createPick(options.balance ?? "p2c", random), {
      transport: options.transport ?? tcpTransport,
      clock,
      random,
      log: options.log ?? silentLogger,
      messageMax: options.messageMax,
      later: options.later,
      serverChanged: options.serverChanged,
      subset: subset === "all" ? Infinity : subset,
      handlesShare: options.handlesShare,
      // An empty zone means none, as for servers.
      zone: options.zone || undefined,
    }, {
      usable: () => this.#reachedOne(),
      tried: () => this.#gathered(),
      ejected: () => this.#ejections++,
    });

    this.#delayed = new DelayedRetries(clock);
    const retry = withRetry({
      random,
      budget: new RetryBudget(clock),
      delayedRetries: this.#delayed,
      isOffered: (call) => this.#endpoints.offers(call),
      avoidShort: (call, error) => this.#endpoints.avoidShort(call, error),
      isAnyUntried: () => this.#endpoints.isAnyUntried,
      onRetry: () => this.#retries++,
    }, this.#balance);
    const bounded = withDeadline(wheel, retry, this.#look);
    this.#dispatch = withClientSpans(options.tracer, this.#service, bounded);

    this.#registryChanged = options.registryChanged;
    // Whether a tick is late shows from the first one on.
    this.#endpoints.patience.tick();
    this.#heartbeat = clock.every(
      heartbeatTickMs,
      () => this.#endpoints.tick(this.#waiting.size > 0),
    );
    this.#watch = this.#discovery.watch(this.#service, {
      snapshot: (list, change) => this.#found(list, change),
      trouble: (error) => this.#troubled(error),
    });
  }

  /** Counters. */
  get stats(): ClientStats {
    return {
      retries: this.#retries,
      ejections: this.#ejections,
      connected: this.#endpoints.usableCount,
      reached: this.#reached,
    };
  }

  /**
   * Calls a method and resolves to its result.
   *
   * @throws {RpcError} how the call failed
   */
  call(method: string, params?: Params, options: CallOptions = {}): Promise<unknown> {
    let made: Call | undefined;
    const promise = new Promise((resolve, reject) => {
      const call = made = this.#newCall(method, params, options);
      call.resolve = resolve;
      call.reject = reject;
      this.#start(call, options, this.#settle);
    });
    if (made !== undefined) made.promise = promise;
    return promise;
  }

  readonly #settle: Done = (error, result, call) => {
    if (error !== undefined) {
      // What a program leaves when it closes its client is no failure that would have to end it: an
      // error that ended a block of `await using` would not be seen for it.
      if (this.#isClosing) call.promise?.catch(() => {});
      return call.reject?.(error);
    }
    const own = this.#own(call.method, result);
    if (own instanceof RpcError) call.reject?.(own);
    else call.resolve?.(own);
  };

  /** Calls a method and resolves to how that ended. Never rejects. */
  report(method: string, params?: Params, options: CallOptions = {}): Promise<CallReport> {
    const startedAtMs = begunAt(options, this.#clock.now());
    const call = this.#newCall(method, params, options);
    return new Promise((resolve) => {
      this.#start(call, options, (error, result) => {
        resolve(this.#reportOf(call, startedAtMs, error, result));
      });
    });
  }

  /**
   * Calls a method that is a stream, and returns its items as an async iterator. If the method is
   * no stream, its result is the only item. The deadline covers the whole stream. Once an item has
   * arrived, the call is not sent again.
   *
   * @example
   * ```ts ignore
   * for await (const line of client.stream("tail", ["/var/log/syslog"], { timeoutMs: 60_000 })) {
   *   if (line.includes("panic")) break; // the server stops
   * }
   * ```
   */
  stream(method: string, params?: Params, options: StreamOptions = {}): CallStream {
    const startedAtMs = begunAt(options, this.#clock.now());
    const left = new AbortController();
    // A value that is no signal is reported below.
    const signal = options?.signal instanceof AbortSignal
      ? AbortSignal.any([options.signal, left.signal])
      : left.signal;
    const call = this.#newCall(method, params, { ...options, signal });
    const stream = new CallStream(
      options?.credit ?? streamCreditDefault,
      () => left.abort(),
      (item) => this.#own(method, item),
    );
    call.stream = stream;
    this.#start(call, options, (error, result) => {
      stream.ended(this.#reportOf(call, startedAtMs, error, result));
    });
    return stream;
  }

  /**
   * Ends all calls, as Cancelled or with their last failure, and closes the connections and the
   * watch. A call that nobody waits for any more is no unhandled rejection then.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#isClosing = true;
    this.#watch.close();
    this.#heartbeat.cancel();
    this.#gathering?.cancel();
    this.#endpoints.close();
    this.#waiting.leave((call, done) => done(closedError(), undefined, call));
    // Last, because calls that failed above may have got here.
    this.#delayed.end(closedError());
    this.#isClosing = false;
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Converts a result for the caller, or returns the error to throw. */
  #own(method: string, result: unknown): unknown {
    return this.#exactNumbers ? result : withOwnNumbers(method, result);
  }

  #reportOf(
    call: Call,
    startedAtMs: number,
    error: RpcError | undefined,
    result: unknown,
  ): CallReport {
    const own = error === undefined ? this.#own(call.method, result) : undefined;
    return {
      result: own instanceof RpcError ? undefined : own,
      error: own instanceof RpcError ? own : error,
      server: call.endpoint?.address,
      attempts: call.attempts,
      durationMs: this.#clock.now() - startedAtMs,
    };
  }

  /** Starts a call, which ends exactly once, whatever its caller has passed. */
  #start(call: Call, options: StreamOptions, done: Done): void {
    const fault = callFault(call.method, options);
    if (fault === undefined) this.#dispatch(call, done);
    else done(markAsOutcome(fault), undefined, call);
  }

  #newCall(method: string, params: Params | undefined, options: CallOptions): Call {
    // Wrong options make the call fail as it starts.
    const { timeoutMs = this.timeoutMs, idempotent, signal, traceparent } = options ?? {};
    const nowMs = this.#look.now();
    // A value that is no number makes the call fail anyway, and cannot always be added.
    const deadlineAtMs = typeof timeoutMs === "number"
      ? begunAt(options, nowMs) + timeoutMs
      : nowMs;
    const call = new Call(method, params, deadlineAtMs, idempotent, signal);
    call.timeoutMs = timeoutMs;
    call.madeAtMs = nowMs;
    call.traceparent = traceparent;
    return call;
  }

  /**
   * Hands a call to an endpoint, or keeps it until there is one.
   *
   * This layer is above the connection, because it chooses one, and below retry, because a retry
   * chooses anew.
   */
  readonly #balance: Dispatch = (call, done) => {
    if (this.#closed) return done(closedError(), undefined, call);
    const nowMs = call.madeAtMs ?? this.#clock.now();
    // It is only valid for the first attempt.
    call.madeAtMs = undefined;
    // The wheel may be late, or this process was stopped: the call would run for nobody.
    if (nowMs >= call.deadlineAtMs) return done(overdueError(call), undefined, call);
    const endpoint = this.#gathering === undefined ? this.#endpoints.pick(call, nowMs) : undefined;
    if (endpoint !== undefined) return endpoint.send(call, nowMs, done);
    const mayHaveRun = call.executed !== "no";
    if (mayHaveRun && this.#endpoints.refuseAgain(call)) {
      return done(refusedError(call), undefined, call);
    }
    const fromMs = this.#clock.now();
    // Just before the deadline, which may be about to move, so that the error can tell why there is
    // no server. A call that may have run waits until then, since giving it up would lose it.
    const lastMs = call.deadlineAtMs + (fromMs - nowMs) - 2 * wheelTickMs;
    const untilMs = this.#registry === "silent" || mayHaveRun
      ? lastMs
      : Math.min(lastMs, fromMs + this.#unavailableAfterMs);
    this.#waiting.enter(call, done, untilMs);
  };

  /**
   * Calls wait while any server's first connection attempt is under way: a new client tries each
   * server once before it reports that there is none.
   */
  #hopeUntilMs(call: Call): number | undefined {
    const lastMs = call.deadlineAtMs - 2 * wheelTickMs;
    const nowMs = this.#clock.now();
    if (nowMs >= lastMs) return undefined;
    return this.#endpoints.isAnyUntried ? Math.min(lastMs, nowMs + hopePeriodMs) : undefined;
  }

  #whyNoServer(): string | RpcError {
    return whyNoServer({
      ...{ discovery: this.#discovery, service: this.#service, endpoints: this.#endpoints },
      trouble: this.#trouble,
      isSilent: this.#registry === "silent",
      isStale: this.#isStale,
    });
  }

  #reachedOne(): void {
    if (!this.#reached) this.#gather();
    this.#reached = true;
    if (this.#gathering === undefined) this.#waiting.leave(this.#balance);
  }

  /**
   * When the first server is connected, calls wait a moment longer for the others. Otherwise all
   * calls that wait, and many short ones after them, would go to the first one.
   */
  #gather(): void {
    const nowMs = this.#clock.now();
    const tookMs = nowMs - (this.#foundAtMs ?? nowMs);
    const waitMs = Math.min(gatheringMsMax, gatheringShare * tookMs);
    if (waitMs <= 0 || !this.#endpoints.isAnyUntried) return;
    this.#gathering = this.#clock.after(waitMs, () => this.#gathered());
  }

  #gathered(): void {
    if (this.#gathering === undefined) return;
    this.#gathering.cancel();
    this.#gathering = undefined;
    this.#waiting.leave(this.#balance);
  }

  #found(list: Snapshot, change: Change): void {
    if (change.listed.length > 0) this.#foundAtMs ??= this.#clock.now();
    if (this.#trouble !== undefined) this.#registryChanged?.(undefined);
    this.#trouble = undefined;
    this.#isStale = list.stale;
    this.#endpoints.update(change, list);
    this.#heard("read");
  }

  #troubled(error: RpcError): void {
    // Who found a list that was kept has told of it.
    if (this.#trouble === undefined && !this.#isStale) this.#registryChanged?.(error);
    this.#trouble = error;
    if (this.#registry === "silent") this.#heard("in trouble");
  }

  /** The registry's state decides how long calls wait, so all waiting calls are judged anew. */
  #heard(registry: "in trouble" | "read"): void {
    if (this.#registry === registry) return;
    this.#registry = registry;
    this.#waiting.leave(this.#balance);
  }
}
