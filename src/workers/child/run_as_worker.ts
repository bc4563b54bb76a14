import { messageOf } from "../../base/errors.ts";
import { outliveFileSizes } from "../../base/system/outlive_file_sizes.ts";
import { loadModule } from "../../procedures/load.ts";
import { plainBuiltin } from "../../procedures/plain/plain_builtin.ts";
import type { AnyProcedures } from "../../procedures/plain/plain_procedure.ts";
import { Claims } from "../claim_file.ts";
import { forgetCollectorSecrets } from "../collector_secrets.ts";
import { endWithParent } from "./end_with_parent.ts";
import { OwnBodies } from "./own_bodies.ts";
import { replacedBuiltin } from "./replaced_builtins.ts";
import { refuseToWork } from "./refuse_to_work.ts";
import { runWorker } from "./worker.ts";
import { takeStdio } from "./worker_stdio.ts";

/** The procedures of a worker of ours. */
export interface WorkerOffer {
  /** Path or `file:` URL of a module whose exports are offered. @default none */
  readonly module?: string | undefined;
  /**
   * Whether to offer the built-in procedures too. A module's procedures replace those of the same
   * name.
   */
  readonly builtin: boolean;
}

/**
 * Runs this process as a worker until its server ends it. Returns `false` if the module cannot be
 * loaded, which the server was told.
 */
export async function runAsWorker(offer: WorkerOffer): Promise<boolean> {
  // First of all, since it deletes the claim file's name: if this process ended with a killed
  // parent before that, nobody would delete it.
  const claims = Claims.join();
  // Before anything is written.
  outliveFileSizes();
  const bodies = OwnBodies.ofServer();
  endWithParent();
  // Before there is code of the user's.
  forgetCollectorSecrets();
  // Before the module is loaded, so that its output does not get into the protocol.
  const io = takeStdio();
  let procedures: AnyProcedures;
  try {
    procedures = {
      ...(offer.builtin ? plainBuiltin : {}),
      ...(offer.module === undefined ? {} : await loaded(offer.module)),
    };
  } catch (error) {
    await refuseToWork(messageOf(error), io);
    return false;
  }
  await runWorker(procedures, io, claims, bodies);
  return true;
}

async function loaded(path: string): Promise<AnyProcedures> {
  const procedures = await loadModule(path);
  const problem = await replacedBuiltin();
  if (problem !== undefined) throw new Error(`Cannot load ${path}: ${problem}`);
  return procedures;
}
