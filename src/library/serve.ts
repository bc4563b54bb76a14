import { checkNumber, messageMaxRule } from "../base/checks.ts";
import { systemClock } from "../base/clock.ts";
import { markingOutcome, RpcError } from "../base/errors.ts";
import {
  callTimeoutMsMax,
  queueMaxDefault,
  queueMaxMax,
  weightMax,
  workersMax,
} from "../base/limits.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { systemRandom } from "../base/random.ts";
import type { Tracer } from "../base/tracer.ts";
import { guardedLogger, guardedTracer } from "./guarded.ts";
import { checkOptions } from "./option_checks.ts";
import { openKeys } from "./own_keys.ts";
import { openRegistry, type RegistryOptions, serviceOf } from "./open_registry.ts";
import { RunningServer } from "./running/running_server.ts";
import { denoWorkerCommand } from "./worker_command.ts";

/** What {@link serve} takes. */
export interface ServeOptions extends RegistryOptions {
  /**
   * The module whose exported functions are served, or a file in Python:
   * `import.meta.resolve("./tasks.ts")`.
   */
  readonly module?: string | URL;
  /**
   * The interpreter of a module in Python, such as `["python3.12"]`. @default `.venv` next to the
   * module, or the system's
   */
  readonly python?: readonly string[];
  /** Program and arguments of a worker in any language, such as `["python3", "tasks.py"]`. */
  readonly exec?: readonly string[];
  /** Whether `ping`, `pi` and `fib` are served too. @default false */
  readonly builtin?: boolean;
  /** The address to listen on. @default "127.0.0.1" */
  readonly host?: string;
  /** The port to listen on; 0 means any free port. @default 0 */
  readonly port?: number;
  /** The address for clients, `host` or `host:port`. @default the one listened on */
  readonly advertise?: string;
  /** Worker processes of each kind, up to 1024. @default one for each core, or as many as fit */
  readonly workers?: number;
  /**
   * How many of them are kept while nobody calls; the others start when there is work, and end
   * after a minute without. @default all
   */
  readonly workersMin?: number;
  /**
   * Calls that may wait for a worker, up to a million; further ones are answered Overloaded.
   * @default 4096
   */
  readonly queueMax?: number;
  /**
   * Patterns of the names of those who may call, such as `["alice", "win-*"]`; needs keys. @default
   * all
   */
  readonly callers?: readonly string[];
  /**
   * Longest message that the server takes and sends, in bytes, from 1 MiB to 1 GiB. @default 4
   * MiB
   */
  readonly messageMax?: number;
  /**
   * Longest time that a call gets, in milliseconds, whatever its caller asks for; up to a day.
   * @default an hour
   */
  readonly callTimeoutMaxMs?: number;
  /**
   * Whether `rpc tap` may listen to the calls and see the beginning of parameters. @default true
   */
  readonly tap?: boolean;
  /**
   * Share of the calls relative to other servers, from 0 (none while others are up) to 1000.
   * @default 1
   */
  readonly weight?: number;
  /** The zone of this server: clients of the same zone prefer it. @default "" */
  readonly zone?: string;
  /** Gets reports of workers and of the registration. @default none */
  readonly log?: Logger;
  /** Makes a span for each call. @default none */
  readonly tracer?: Tracer;
}

/**
 * Serves a module's exported functions, as `rpc serve` does: starts worker processes that load the
 * module, listens, registers, and resolves when calls can come. This process itself never loads the
 * module, so that a procedure which does not end can be killed.
 *
 * @throws {RpcError} InvalidParams: the registry, the service, the address or another option is
 * invalid, or a settings file
 * @throws {Error} the module cannot be loaded (with file and line), the address not listened on, or
 * this machine's keys not used
 *
 * @example
 * ```ts
 * import { connect, serve } from "rpc";
 *
 * const directory = await Deno.makeTempDir();
 * const module = `${directory}/tasks.ts`;
 * await Deno.writeTextFile(module, "export function add(a: number, b: number) { return a + b; }");
 *
 * await using server = await serve({ module, workers: 1, service: "serve-example" });
 * await using client = await connect({ service: "serve-example" });
 * console.assert(await client.call("add", [2, 3]) === 5);
 *
 * await server.drain({ graceMs: 0, timeoutMs: 1_000 });
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function serve(options: ServeOptions): Promise<RunningServer> {
  return markingOutcome(start(options));
}

async function start(options: ServeOptions): Promise<RunningServer> {
  checkOptions(options);
  checkNumbers(options);
  const log = guardedLogger(options.log ?? silentLogger);
  const keys = await openKeys(options, log);
  checkOffer(options, keys !== undefined);
  const service = await serviceOf(options);
  const discovery = await openRegistry({ ...options, service }, log);
  try {
    return await RunningServer.start({
      module: options.module instanceof URL ? options.module.href : options.module,
      exec: options.exec,
      python: options.python,
      builtin: options.builtin ?? false,
      listen: { host: options.host ?? "127.0.0.1", port: options.port ?? 0 },
      discovery,
      keys,
      insecure: options.insecure,
      callers: options.callers,
      service,
      advertise: options.advertise,
      weight: options.weight ?? 1,
      zone: options.zone ?? "",
      workers: options.workers,
      workersMin: options.workersMin,
      queueMax: options.queueMax ?? queueMaxDefault,
      messageMax: options.messageMax,
      callTimeoutMaxMs: options.callTimeoutMaxMs,
      tap: options.tap,
      workerCommand: denoWorkerCommand,
      clock: systemClock,
      random: systemRandom,
      log,
      tracer: guardedTracer(options.tracer),
    });
  } catch (error) {
    await discovery.close();
    throw error;
  }
}

/** @throws {RpcError} InvalidParams: there is nothing to call, or `callers` cannot be enforced */
function checkOffer({ module, exec, builtin, callers }: ServeOptions, hasKeys: boolean): void {
  if (module === undefined && exec === undefined && builtin !== true) {
    throw new RpcError("InvalidParams", "Cannot serve nothing: give module, exec or builtin");
  }
  if (callers !== undefined && !hasKeys) {
    const text = "Cannot tell callers apart without keys: callers needs rpc keys init";
    throw new RpcError("InvalidParams", text);
  }
}

/** Checks numbers against the same bounds as the flags of `rpc serve`. */
function checkNumbers(options: ServeOptions): void {
  const { port, workers, workersMin, queueMax, weight, messageMax, callTimeoutMaxMs } = options;
  const timeouts = { name: "callTimeoutMaxMs", bounds: [1, callTimeoutMsMax] } as const;
  checkNumber(callTimeoutMaxMs, timeouts);
  checkNumber(messageMax, messageMaxRule);
  checkNumber(port, { name: "port", bounds: [0, 65_535], whole: true });
  checkNumber(workers, { name: "workers", bounds: [1, workersMax], whole: true });
  checkNumber(workersMin, { name: "workersMin", bounds: [0, workersMax], whole: true });
  checkNumber(queueMax, { name: "queueMax", bounds: [0, queueMaxMax], whole: true });
  checkNumber(weight, { name: "weight", bounds: [0, weightMax] });
}
