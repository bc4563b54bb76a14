/**
 * How many workers fit. On Windows Deno has four threads a core for what blocks, and each pipe that
 * it reads from a child holds one of them for good: when all are held nothing is read any more, and
 * a server that has said that it is ready answers nobody. Elsewhere a pipe holds none.
 */

import { RpcError } from "../../base/errors.ts";
import { ioWorkersFor } from "../../workers/pool/pool.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";

const threadsPerCore = 4;

/** For all else that blocks: files, names, the log. */
const threadsKept = 2;

/** What decides how many pipes there are. */
interface PipeUse {
  readonly exec?: readonly string[] | undefined;
  readonly module?: string | undefined;
  readonly builtin: boolean;
  readonly workers: number;
  /** Whether new ones are to start beside these while the server runs. @default false */
  readonly reloads?: boolean | undefined;
  /** @default those of the system */
  readonly pipeThreads?: number;
}

/** Threads for pipes on a system, of which a worker takes one. */
export function pipeThreadsOf(os: string, cores: number): number {
  return os === "windows" ? threadsPerCore * cores - threadsKept : Infinity;
}

/**
 * Worker processes at the most: whether a program has `io` procedures it tells only when it runs.
 */
export function processesOf({ exec, module, builtin, workers }: PipeUse): number {
  const both = workers + ioWorkersFor(workers);
  const theirs = exec === undefined ? 0 : both;
  if (module !== undefined) {
    // What is built in stands beside a file in Python, and in the processes of any other module.
    return theirs + both + (builtin && isPythonFile(module) ? workers : 0);
  }
  return builtin || exec === undefined ? theirs + workers : theirs;
}

/** Whether there is a bound at all. */
export function arePipesCounted(use: PipeUse): boolean {
  return threadsFor(use) !== Infinity;
}

/**
 * As many workers as there are cores, or as have a thread for their pipe, where nobody said how
 * many.
 */
export function workersByDefault(use: Omit<PipeUse, "workers">): number {
  return Math.max(1, mostWorkers({ ...use, workers: navigator.hardwareConcurrency }));
}

/**
 * Refuses more workers than have a thread for their pipe, and where they are to be reloaded, more
 * than leave room for that.
 *
 * @throws {RpcError} InvalidParams, with the number that has
 */
export function checkThreads(use: PipeUse): void {
  const { workers, reloads = false } = use;
  const most = mostWorkers(use);
  if (most === workers) return;
  const what = `${reloads ? "watch and reload" : "run"} ${workers} worker${
    workers === 1 ? "" : "s"
  }`;
  const advice = most > 0 ? `Use --workers ${most}` : "It has too few cores for that";
  throw new RpcError(
    "InvalidParams",
    `Cannot ${what}: on Windows there are threads for the pipes of ${threadsFor(use)} processes ` +
      `on this machine. ${advice}`,
  );
}

/**
 * With how many workers new ones start while old ones are still there.
 *
 * @throws {Error} if there is no room for even one
 */
export function workersBeside(use: PipeUse): number {
  const room = threadsFor(use) - processesOf(use);
  if (processesOf(use) <= room) return use.workers;
  if (processesOf({ ...use, workers: 1 }) <= room) return 1;
  throw new Error(
    "Cannot start new workers beside the old ones: on Windows there are not threads enough for " +
      "their pipes on this machine. Use fewer --workers, or restart the server",
  );
}

/** How many of so many workers have a thread; 0: not even one. */
function mostWorkers(use: PipeUse): number {
  const threads = threadsFor(use);
  const fresh = use.reloads ? processesOf({ ...use, workers: 1 }) : 0;
  let most = use.workers;
  while (most > 0 && processesOf({ ...use, workers: most }) + fresh > threads) most--;
  return most;
}

function threadsFor({ pipeThreads }: PipeUse): number {
  return pipeThreads ?? pipeThreadsOf(Deno.build.os, navigator.hardwareConcurrency);
}
