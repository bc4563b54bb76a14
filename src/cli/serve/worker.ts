import { runAsWorker } from "../../workers/child/run_as_worker.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { workerFlags } from "./worker_flags.ts";
import { exitCodes } from "../exit_codes.ts";

/** `rpc worker`: what `rpc serve` starts as its worker processes. */
export async function run({ flags }: CommandInput<typeof workerFlags>): Promise<number> {
  const { module, noBuiltin } = flags;
  const worked = await runAsWorker({ module, builtin: !noBuiltin });
  return worked ? exitCodes.success : exitCodes.failure;
}

/**
 * What modules import as `rpc`. Nobody calls this: a compiled binary holds what is imported
 * somewhere, and a module from outside may be the only one that asks for it.
 */
export const libraryForModules = (): Promise<unknown> => import("../../mod.ts");
