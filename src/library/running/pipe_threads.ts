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
 * Refuses more workers than have a thread for their pipe.
 *
 * @throws {RpcError} InvalidParams, with the number that has
 */
export function checkThreads(use: PipeUse): void {
  const threads = threadsFor(use);
  if (processesOf(use) <= threads) return;
  let most = use.workers - 1;
  while (most > 1 && processesOf({ ...use, workers: most }) > threads) most--;
  throw new RpcError(
    "InvalidParams",
    `Cannot run ${use.workers} workers: on Windows there are threads for the pipes of ${threads} ` +
      `processes on this machine. Use --workers ${most}`,
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

function threadsFor({ pipeThreads }: PipeUse): number {
  return pipeThreads ?? pipeThreadsOf(Deno.build.os, navigator.hardwareConcurrency);
}
