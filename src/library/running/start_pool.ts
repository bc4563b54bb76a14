import type { Clock } from "../../base/clock.ts";
import { checkThreads } from "./pipe_threads.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { withoutLogin } from "../../discovery/registry_url.ts";
import { type Pool, WorkerPool } from "../../workers/pool/pool.ts";
import { withOwnDescriptors } from "../../workers/own_descriptors.ts";
import { PoolSet } from "../../workers/pool/pool_set.ts";
import { tiedCommand } from "../../workers/process/tied_command.ts";
import type { WorkerCommand } from "../../workers/process/worker_command.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";
import type { WorkerOffer } from "../../workers/child/run_as_worker.ts";

/** What runs the calls of a server. */
export interface PoolOptions extends WorkerOffer {
  /** Program and arguments of a worker in any language, see docs/WORKERS.md. @default none */
  readonly exec?: readonly string[] | undefined;
  /**
   * What runs a module in Python, and its first arguments. @default `.venv` beside it, or the
   * system's
   */
  readonly python?: readonly string[] | undefined;
  /** Worker processes of each kind. */
  readonly workers: number;
  /** How many of them are kept while nobody calls. @default all */
  readonly workersMin?: number | undefined;
  /** Whether all are started at once all the same, since there is work for them. @default false */
  readonly startAll?: boolean;
  /** With how many of them to start. @default all */
  readonly startWith?: number;
  /** Whether they are to be reloaded, and there must be room for that. @default false */
  readonly reloads?: boolean | undefined;
  /** Threads that there are for workers' pipes. @default those of the system */
  readonly pipeThreads?: number;
  /** Longest message that a worker takes and sends, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
  /** Most calls that wait for a worker. */
  readonly queueMax: number;
  /** How a worker of ours is started. */
  readonly workerCommand: (offer: WorkerOffer) => WorkerCommand;
  /** Whether workers shall get no new privileges. @default false */
  readonly sandboxed?: boolean;
  /** Ends the start, when it aborts before that is done. */
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** How long a user's code may take to load: it may have to open a model or a data base first. */
const loadTimeoutMs = 60_000;

/** What most have not done whose program is no worker. */
const adviceToForeign =
  "A program for --exec answers JSON-RPC lines on its stdin and stdout, which plain functions do not by " +
  "themselves: docs/WORKERS.md of rpc says how, and examples/tasks.py does it in Python";

/** Where a registry's URL stands in the environment. */
const registryVariable = "RPC_REGISTRY";

/** When somebody who waits for that wants to hear what for. */
const stillLoadingAfterMs = 2_000;

/**
 * Starts the workers: those that run `exec`, if it is given, and ours, unless these would have
 * nothing to offer beside it. Resolves when all take calls.
 *
 * @throws {RpcError} InvalidParams: there are too many for the system
 * @throws {Error} if one does not get ready, with what it said, or the signal's reason; then none
 * is left behind
 */
export async function startPool(options: PoolOptions): Promise<Pool> {
  checkThreads(options);
  const { exec = [], module, clock, log } = options;
  const what = [module, exec.join(" ")].filter(Boolean).join(" and ") || "the procedures";
  const timer = clock.after(stillLoadingAfterMs, () => log.warn(`Still loading ${what} ...`));
  try {
    return await startAll(options);
  } finally {
    timer.cancel();
  }
}

async function startAll(options: PoolOptions): Promise<Pool> {
  const { exec, module, builtin } = options;
  const isPython = module !== undefined && isPythonFile(module);
  const starts: Promise<Pool>[] = [];
  if (exec !== undefined) starts.push(startForeign(exec, options));
  if (isPython) starts.push(startPython(module, options));
  const ours = { ...options, module: isPython ? undefined : module };
  if (ours.module !== undefined || builtin || starts.length === 0) starts.push(startOurs(ours));
  const settled = await Promise.allSettled(starts);
  const pools = settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  const failed = settled.find((one) => one.status === "rejected");
  if (failed !== undefined) {
    for (const pool of pools) await pool.close();
    throw failed.reason;
  }
  const [first, ...others] = pools as [Pool, ...Pool[]];
  return others.length === 0 ? first : new PoolSet(first, ...others);
}

async function startOurs(options: PoolOptions): Promise<WorkerPool> {
  const { module, builtin, workerCommand, sandboxed = false } = options;
  const command = workerCommand({ module, builtin });
  if (!sandboxed) return await startOne(withOwnDescriptors(command), options);
  // It may neither ask the kernel to end it with us, nor open a claim file: nothing is sent ahead
  // to it.
  const tied = withOwnDescriptors(await tiedCommand(command, true));
  return await startOne(tied, options, { cpuCallsPerWorkerMax: 1 });
}

async function startPython(module: string, options: PoolOptions): Promise<Pool> {
  const { pythonCommand } = await import("../../workers/python/python_command.ts");
  const command = await tiedCommand(pythonCommand(module, options.python));
  return await startOne(command, options, { cpuCallsPerWorkerMax: 1 });
}

async function startForeign([program = "", ...args]: readonly string[], options: PoolOptions) {
  const command = await tiedCommand(
    { program, args, isForeign: true, advice: adviceToForeign },
    options.sandboxed,
  );
  // Of a program that is not ours nobody knows that it ends one call before it begins the next.
  return await startOne(command, options, { cpuCallsPerWorkerMax: 1 });
}

/**
 * The registry as workers are told of it: without its login, which is the server's. Procedures are
 * code that need not be trusted with what lets one register servers.
 */
function environmentOfWorkers(): Readonly<Record<string, string>> {
  const registry = Deno.env.get(registryVariable);
  return registry === undefined ? {} : { [registryVariable]: withoutLogin(registry) };
}

function startOne(
  program: WorkerCommand,
  options: PoolOptions,
  more: { readonly cpuCallsPerWorkerMax?: number } = {},
): Promise<WorkerPool> {
  const { workers, startWith = workers, workersMin: sizeMin, startAll = false } = options;
  const { queueMax, messageMax, signal, clock, random, log } = options;
  const spawnTimeoutMs = loadTimeoutMs;
  const env = { ...environmentOfWorkers(), ...program.env };
  const command = { ...program, env, messageMax };
  return WorkerPool.start({
    ...{ command, size: workers, startWith, sizeMin, startAll },
    ...{ queueMax, spawnTimeoutMs, signal, clock, random, log },
    ...more,
  });
}
