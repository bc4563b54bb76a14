import { systemClock, type Timer } from "../base/clock.ts";
import { markingOutcome } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import type { Tracer } from "../base/tracer.ts";
import type { BalancePolicy } from "../client/endpoints/endpoint_types.ts";
import { Client } from "../client/client.ts";
import type { CallOptions, StreamOptions } from "../client/client_options.ts";
import type { Transport } from "../client/transport.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { type Api, createApi, type StreamApi } from "./api.ts";
import { guardedLogger, guardedTracer } from "./guarded.ts";
import { checkOptions } from "./option_checks.ts";
import { openKeys, transportOf } from "./own_keys.ts";
import { tendLater } from "./tend_later.ts";
import { openRegistry, type RegistryOptions, serviceOf } from "./open_registry.ts";

/** What {@link connect} takes. */
export interface ConnectOptions extends RegistryOptions {
  /** How calls are spread over servers. @default "p2c" */
  readonly balance?: BalancePolicy;
  /**
   * Servers that the client connects to if the service has more; clients spread evenly over them.
   * `"all"`: no limit. @default 80
   */
  readonly subset?: number | "all";
  /** Servers of this zone are called first, others when these have too much to do. @default none */
  readonly zone?: string;
  /** Deadline of calls without one of their own, in milliseconds, up to a day. @default 10000 */
  readonly timeoutMs?: number;
  /** Longest message that the client takes, in bytes, from 1 MiB to 1 GiB. @default 4 MiB */
  readonly messageMax?: number;
  /** Gets reports of servers that come, go and fail. @default none */
  readonly log?: Logger;
  /** Makes a span for each call. @default none */
  readonly tracer?: Tracer;
}

/**
 * Finds the servers of a service, now and as they come and go, and returns a client that calls
 * them. It uses the same registry as `rpc call` by default: see {@link RegistryOptions}. It does
 * not wait for a server: the first call does, for a moment. A program does not end while its client
 * is open: declare it by `await using`, or close it.
 *
 * It uses this machine's keys, and those that come in their place. After an hour it renews them
 * itself before they end, as a server does, and tells `log` if it cannot.
 *
 * @throws {RpcError} InvalidParams: the registry's URL, the service's name, another option or a
 * settings file is invalid
 * @throws {Error} this machine's keys cannot be used
 *
 * @example
 * ```ts
 * import { connect, serve } from "rpc";
 *
 * await using server = await serve({ builtin: true, workers: 1, service: "connect-example" });
 * await using client = await connect({ service: "connect-example" });
 *
 * const result = await client.call("fib", [32], { timeoutMs: 60_000 });
 * console.assert(result === 2178309 && server.isRegistered);
 * ```
 */
export function connect(options: ConnectOptions = {}): Promise<RpcClient> {
  return markingOutcome(open(options));
}

async function open(options: ConnectOptions): Promise<RpcClient> {
  checkOptions(options);
  const { balance, subset, zone, timeoutMs, messageMax } = options;
  const log = guardedLogger(options.log ?? silentLogger);
  const tracer = guardedTracer(options.tracer);
  const keys = await openKeys(options, log);
  const transport = await transportOf(keys);
  const service = await serviceOf(options);
  const discovery = await openRegistry({ ...options, service }, log);
  const tending = tendLater(keys, { discovery, service, clock: systemClock }, log);
  try {
    return new RpcClient(discovery, tending, {
      service,
      transport,
      ...(balance === undefined ? {} : { balance }),
      ...{ subset, zone },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      messageMax,
      log,
      tracer,
    });
  } catch (error) {
    tending?.cancel();
    await discovery.close();
    throw error;
  }
}

/** How a {@link RpcClient} behaves. */
interface RpcClientOptions {
  readonly service: string;
  readonly transport: Transport;
  readonly balance?: BalancePolicy;
  readonly subset: number | "all" | undefined;
  readonly zone: string | undefined;
  readonly timeoutMs?: number;
  readonly messageMax: number | undefined;
  readonly log: Logger;
  readonly tracer: Tracer | undefined;
}

/** A client with a registry of its own. Made by {@link connect}; `await using` closes it. */
export class RpcClient extends Client {
  readonly #discovery: Discovery;
  /** Looks after this machine's keys, if it has any. */
  readonly #tending: Timer | undefined;

  /** Use {@link connect}. */
  constructor(discovery: Discovery, tending: Timer | undefined, options: RpcClientOptions) {
    super({ ...options, discovery });
    this.#discovery = discovery;
    this.#tending = tending;
  }

  /**
   * The procedures of a module as typed methods. Only the module's type is needed, so the client
   * does not load it: `import type * as tasks from "./tasks.ts"`, and then
   * `client.procedures<typeof tasks>()`. A generator returns an array of all its items: for
   * `for await` there is {@link streams}.
   *
   * @param options for all calls by these methods
   *
   * @example
   * ```ts
   * import { type builtin, connect, serve } from "rpc";
   *
   * await using server = await serve({ builtin: true, workers: 1, service: "typed-example" });
   * await using client = await connect({ service: "typed-example" });
   *
   * const api = client.procedures<typeof builtin>({ timeoutMs: 60_000 });
   * const result: number = await api.fib(32);
   * console.assert(result === 2178309 && server.isRegistered);
   * ```
   */
  procedures<Exports>(options: CallOptions = {}): Api<Exports> {
    return createApi((method, params, given) => this.call(method, params, given), options);
  }

  /**
   * The streams of a module as typed methods, like {@link procedures}.
   *
   * @param options for all calls by these methods
   *
   * @example
   * ```ts
   * import type { RpcClient } from "rpc";
   *
   * // A module: export async function* count(n: number) { ... yield i; ... }
   * type Tasks = { count(n: number): AsyncGenerator<number> };
   *
   * async function sum(client: RpcClient): Promise<number> {
   *   let total = 0;
   *   for await (const item of client.streams<Tasks>().count(10)) total += item;
   *   return total;
   * }
   * console.assert(sum.length === 1);
   * ```
   */
  streams<Exports>(options: StreamOptions = {}): StreamApi<Exports> {
    return createApi((method, params, given) => this.stream(method, params, given), options);
  }

  /** Ends all calls as Cancelled, and closes the connections and the registry. */
  override async close(): Promise<void> {
    super.close();
    this.#tending?.cancel();
    await this.#discovery.close();
  }

  /** {@link close}, for `await using`. */
  override [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
