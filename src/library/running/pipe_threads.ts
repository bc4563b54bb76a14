/**
 * How many workers fit. On Windows Deno has four threads for each core for blocking operations, and
 * each pipe that it reads from a child holds one of them for good. When all are held, nothing is
 * read any more, and the server answers nobody. On other systems a pipe holds no thread.
 */

import { RpcError } from "../../base/errors.ts";
import { ioWorkersFor } from "../../workers/pool/pool.ts";
import { isPythonFile } from "../../workers/python/python_file.ts";

const threadsPerCore = 4;

/** Threads for all other blocking operations: files, names, the log. */
const threadsKept = 2;

/** What the number of pipes depends on. */
interface PipeUse {
  readonly exec?: readonly string[] | undefined;
  readonly module?: string | undefined;
  readonly builtin: boolean;
  readonly workers: number;
  /** Whether new workers will start next to these, for a reload. @default false */
  readonly reloads?: boolean | undefined;
  /** @default those of the system */
  readonly pipeThreads?: number;
}

/** Threads for pipes on a system. Each worker takes one. */
export function pipeThreadsOf(os: string, cores: number): number {
  return os === "windows" ? threadsPerCore * cores - threadsKept : Infinity;
}

/** Most worker processes: only a running program tells whether it has `io` procedures. */
export function processesOf({ exec, module, builtin, workers }: PipeUse): number {
  const both = workers + ioWorkersFor(workers);
  const theirs = exec === undefined ? 0 : both;
  if (module !== undefined) {
    // Built-in procedures have processes of their own only next to a file in Python.
    return theirs + both + (builtin && isPythonFile(module) ? workers : 0);
  }
  return builtin || exec === undefined ? theirs + workers : theirs;
}

/** Whether there is a bound on this system. */
export function arePipesCounted(use: PipeUse): boolean {
  return threadsFor(use) !== Infinity;
}

/** The default number of workers: one for each core, or as many as have a thread for their pipe. */
export function workersByDefault(use: Omit<PipeUse, "workers">): number {
  return Math.max(1, mostWorkers({ ...use, workers: navigator.hardwareConcurrency }));
}

/**
 * Refuses more workers than have a thread for their pipe, or than leave room for a reload.
 *
 * @throws {RpcError} InvalidParams, with the number that fits
 */
export function checkThreads(use: PipeUse): void {
  const { workers, reloads = false } = use;
  const most = mostWorkers(use);
  if (most === workers) return;
  const what = `${reloads ? "watch and reload" : "run"} ${workers} worker${
    workers === 1 ? "" : "s"
  }`;
  const advice = most > 0
    ? `Use ${most} at most (--workers, or workers)`
    : "It has too few cores for that";
  throw new RpcError(
    "InvalidParams",
    `Cannot ${what}: on Windows there are threads for the pipes of ${threadsFor(use)} processes ` +
      `on this machine. ${advice}`,
  );
}

/**
 * How many new workers start at first while the old ones still run.
 *
 * @throws {Error} if there is no room for even one
 */
export function workersBeside(use: PipeUse): number {
  const room = threadsFor(use) - processesOf(use);
  if (processesOf(use) <= room) return use.workers;
  if (processesOf({ ...use, workers: 1 }) <= room) return 1;
  throw new Error(
    "Cannot start new workers beside the old ones: on Windows there are not threads enough for " +
      "their pipes on this machine. Use fewer (--workers, or workers), or restart the server",
  );
}

/** The largest number of workers that have threads; 0 if not even one has. */
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
