/**
 * The program of a worker of ours when Deno runs us from source: smaller than the whole command
 * line, so it starts faster. Its only argument is a {@link WorkerOffer} as JSON.
 */

import { runAsWorker, type WorkerOffer } from "./run_as_worker.ts";

const worked = await runAsWorker(JSON.parse(Deno.args[0] ?? "{}") as WorkerOffer);
Deno.exit(worked ? 0 : 1);
