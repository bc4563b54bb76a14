import { runAsWorker } from "../../workers/child/run_as_worker.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { workerFlags } from "./worker_flags.ts";
import { exitCodes } from "../exit_codes.ts";

/** `rpc worker`: the worker processes that `rpc serve` starts. */
export async function run({ flags }: CommandInput<typeof workerFlags>): Promise<number> {
  const { module, noBuiltin } = flags;
  const worked = await runAsWorker({ module, builtin: !noBuiltin });
  return worked ? exitCodes.success : exitCodes.failure;
}

/**
 * What modules import as `rpc`. It is never called: it makes the compiled binary contain the
 * library, which maybe only a user's module imports.
 */
export const libraryForModules = (): Promise<unknown> => import("../../mod.ts");
