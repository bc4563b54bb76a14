import type { Clock } from "../../base/clock.ts";
import { checkThreads } from "./pipe_threads.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { withoutLogin } from "../../discovery/registry_url.ts";
import { type Pool, WorkerPool } from "../../workers/pool/pool.ts";
import { removeLeftFiles } from "../../workers/memory_files.ts";
import { withOwnDescriptors } from "../../workers/own_descriptors.ts";
import { PoolSet } from "../../workers/pool/pool_set.ts";
import { tiedCommand } from "../../workers/process/tied_command.ts";
import { withoutCollectorSecrets } from "../../workers/collector_secrets.ts";
import type { WorkerCommand } from "../../workers/process/worker_command.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";
import type { WorkerOffer } from "../../workers/child/run_as_worker.ts";

/** The workers of a server. */
export interface PoolOptions extends WorkerOffer {
  /** Program and arguments of a worker in any language, see docs/WORKERS.md. @default none */
  readonly exec?: readonly string[] | undefined;
  /**
   * The interpreter of a module in Python, with arguments. @default `.venv` next to the module, or
   * the system's
   */
  readonly python?: readonly string[] | undefined;
  /** Worker processes of each kind. */
  readonly workers: number;
  /** How many of them are kept while nobody calls. @default all */
  readonly workersMin?: number | undefined;
  /** Whether all are started at once nevertheless, since there is work. @default false */
  readonly startAll?: boolean;
  /** How many of them to start at first. @default all */
  readonly startWith?: number;
  /** Whether there must be room for a reload. @default false */
  readonly reloads?: boolean | undefined;
  /** Threads for workers' pipes. @default those of the system */
  readonly pipeThreads?: number;
  /** Longest message that a worker takes and sends, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
  /** Most calls that wait for a worker. */
  readonly queueMax: number;
  /** The command that starts a worker of ours. */
  readonly workerCommand: (offer: WorkerOffer) => WorkerCommand;
  /** Whether workers shall get no new privileges. @default false */
  readonly sandboxed?: boolean;
  /** Cancels the start when it aborts. */
  readonly signal?: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Advice for programs that do not speak the protocol: the most common omission. */
const adviceToForeign =
  "A program for --exec answers JSON-RPC lines on its stdin and stdout, which plain functions do not by " +
  "themselves: docs/WORKERS.md of rpc says how, and examples/tasks.py does it in Python";

/** Advice for modules that do not get ready. */
const adviceToModule =
  "What a module does outside of functions has to end by itself: calls are taken after that";

/** The environment variable of the registry's URL. */
const registryVariable = "RPC_REGISTRY";

/** After this time the log tells what the start is waiting for. */
const stillLoadingAfterMs = 2_000;

/**
 * Starts the workers: those that run `exec`, if it is given, and our own, unless they would have
 * nothing to offer. Resolves when all take calls.
 *
 * @throws {RpcError} InvalidParams: there are too many for the system
 * @throws {Error} one does not get ready, with what it printed, or the signal's reason; no worker
 * is left running
 */
export async function startPool(options: PoolOptions): Promise<Pool> {
  checkThreads(options);
  const { exec = [], module, clock, log } = options;
  const what = [module, exec.join(" ")].filter(Boolean).join(" and ") || "the procedures";
  const timer = clock.after(stillLoadingAfterMs, () => log.warn(`Still loading ${what} ...`));
  try {
    const pool = await startAll(options);
    removeLeftFiles(clock.wallTimeMs());
    return pool;
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
  const advice = module === undefined ? {} : { advice: adviceToModule };
  const command = { ...workerCommand({ module, builtin }), ...advice };
  if (!sandboxed) return await startOne(withOwnDescriptors(command), options);
  // In the sandbox it can neither ask the kernel to end it with us, nor open a claim file, so no
  // calls are sent ahead to it.
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
  // A foreign program may begin a call before it has ended the one before.
  return await startOne(command, options, { cpuCallsPerWorkerMax: 1 });
}

/**
 * What workers are not told of this process's environment: procedures need not be trusted with the
 * right to register servers, nor with what the collector of spans wants to see.
 *
 * A worker of ours is started by Deno, which sends spans itself: it forgets what the collector
 * wants as soon as Deno has read it.
 */
function environmentOfWorkers(isForeign: boolean): Readonly<Record<string, string>> {
  const registry = Deno.env.get(registryVariable);
  return {
    ...(registry === undefined ? {} : { [registryVariable]: withoutLogin(registry) }),
    ...(isForeign ? withoutCollectorSecrets() : {}),
  };
}

function startOne(
  program: WorkerCommand,
  options: PoolOptions,
  more: { readonly cpuCallsPerWorkerMax?: number } = {},
): Promise<WorkerPool> {
  const { workers, startWith = workers, workersMin: sizeMin, startAll = false } = options;
  const { queueMax, messageMax, signal, clock, random, log } = options;
  const isForeign = program.readsAsWeDo !== true;
  const env = { ...environmentOfWorkers(isForeign), ...program.env };
  const command = { ...program, env, messageMax };
  return WorkerPool.start({
    ...{ command, size: workers, startWith, sizeMin, startAll },
    ...{ queueMax, signal, clock, random, log },
    ...more,
  });
}
