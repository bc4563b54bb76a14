/**
 * Lets the code that runs procedures use schemas without importing zod: a process whose procedures
 * have no schemas never loads it (docs/adr/0050-zod-comes-with-schemas.md). The module that defines
 * procedures with schemas registers the reader of schemas here when it is loaded.
 */

import type { OpenRpcMethod } from "../openrpc.ts";
import type { CallParams } from "../params.ts";
import type { HandlerInput, Procedure } from "../types.ts";

/** The outcome of checking what a procedure returned. */
export type Checked =
  | { readonly success: true; readonly value: unknown }
  /** The schema's error, and its first issue in words: ` at size: Invalid input`. */
  | { readonly success: false; readonly cause: unknown; readonly problem: string };

/** The schemas of one procedure, compiled. */
export interface Checks {
  /** @throws {RpcError} InvalidParams, with an issue for each fault; or what a schema threw */
  read(method: string, params: CallParams): HandlerInput;
  /** What a schema throws is passed on. */
  check(value: unknown): Checked;
}

/** What reads schemas. */
interface Schemas {
  checksOf(procedure: Procedure): Checks;
  /** Its parameters and its result in a document. */
  describe(procedure: Procedure): Described;
}

/** The part of a method's document that comes from its schemas. */
export interface Described extends Pick<OpenRpcMethod, "params"> {
  readonly result: Record<string, unknown>;
}

let given: Schemas | undefined;

/** Registers the reader of schemas. */
export function giveSchemas(schemas: Schemas): void {
  given = schemas;
}

/** What reads schemas. */
export function schemas(): Schemas {
  if (given === undefined) throw new Error("No procedure has been defined by a schema");
  return given;
}
