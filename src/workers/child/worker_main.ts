/**
 * The program of a worker of ours, where Deno runs us from source: smaller than the whole command
 * line, so that it starts sooner. Its one argument is a {@link WorkerOffer} as JSON.
 */

import { runAsWorker, type WorkerOffer } from "./run_as_worker.ts";

const worked = await runAsWorker(JSON.parse(Deno.args[0] ?? "{}") as WorkerOffer);
Deno.exit(worked ? 0 : 1);
