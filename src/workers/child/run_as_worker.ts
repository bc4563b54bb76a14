import { messageOf } from "../../base/errors.ts";
import { loadModule } from "../../procedures/load.ts";
import { plainBuiltin } from "../../procedures/plain/plain_builtin.ts";
import type { AnyProcedures } from "../../procedures/plain/plain_procedure.ts";
import { Claims } from "../claim_file.ts";
import { endWithParent } from "./end_with_parent.ts";
import { refuseToWork } from "./refuse_to_work.ts";
import { runWorker } from "./worker.ts";
import { takeStdio } from "./worker_stdio.ts";

/** What a worker of ours offers. */
export interface WorkerOffer {
  /** Path or `file:` URL of a module whose exports are offered. @default none */
  readonly module?: string | undefined;
  /**
   * Whether the built-in procedures are offered too. A module's go before those of the same name.
   */
  readonly builtin: boolean;
}

/**
 * Makes this process a worker until its parent lets go of it. Returns `false` if the module cannot
 * be offered, which the parent has been told.
 */
export async function runAsWorker(offer: WorkerOffer): Promise<boolean> {
  // First of all, before this process may be ended with its parent: it removes the claim file's
  // name, which nobody would do if the parent were killed meanwhile.
  const claims = Claims.join();
  endWithParent();
  // Before the module is loaded: what it prints meanwhile must not get into the protocol.
  const io = takeStdio();
  let procedures: AnyProcedures;
  try {
    procedures = {
      ...(offer.builtin ? plainBuiltin : {}),
      ...(offer.module === undefined ? {} : await loadModule(offer.module)),
    };
  } catch (error) {
    await refuseToWork(messageOf(error), io);
    return false;
  }
  await runWorker(procedures, io, claims);
  return true;
}
