/**
 * The program of a worker of ours: smaller than the whole command line, so it starts faster. Its
 * last argument is a {@link WorkerOffer} as JSON.
 */

import { runAsWorker, type WorkerOffer } from "./run_as_worker.ts";
import { exitWithThread } from "./thread_exit.ts";

exitWithThread();
const worked = await runAsWorker(JSON.parse(Deno.args.at(-1) ?? "{}") as WorkerOffer);
Deno.exit(worked ? 0 : 1);
