import { builtin } from "../procedures/builtin.ts";
import { runWorker } from "../workers/worker.ts";
import { exitCodes } from "./main.ts";

/** `rpc worker`: what `rpc serve` starts as its worker processes. */
export async function run(): Promise<number> {
  await runWorker(builtin);
  return exitCodes.success;
}
