/** What a server offers, as an OpenRPC document. */

import type { OpenRpcDocument, OpenRpcMethod } from "../openrpc.ts";
import { type AnyProcedure, type AnyProcedures, PlainProcedure } from "../plain/plain_procedure.ts";
import { schemas } from "../schemas/loaded.ts";

/** The edition of the OpenRPC specification (open-rpc.org) that documents are written in. */
const openRpcVersion = "1.3.2";

/** Describes procedures. `title` is the service's name, `version` is the service's own. */
export function toOpenRpc(
  procedures: AnyProcedures,
  info: OpenRpcDocument["info"],
): OpenRpcDocument {
  const methods = Object.entries(procedures).map(([name, procedure]) => toMethod(name, procedure));
  return { openrpc: openRpcVersion, info: { ...info }, methods };
}

/**
 * One document of several. Of two methods with one name the first is kept, and so is the first
 * title.
 */
export function mergeOpenRpc(
  first: OpenRpcDocument,
  ...others: readonly OpenRpcDocument[]
): OpenRpcDocument {
  const methods = new Map<string, OpenRpcMethod>();
  for (const method of [first, ...others].flatMap((document) => document.methods)) {
    if (!methods.has(method.name)) methods.set(method.name, method);
  }
  return { ...first, methods: [...methods.values()] };
}

function toMethod(name: string, procedure: AnyProcedure): OpenRpcMethod {
  const { params, result } = procedure instanceof PlainProcedure
    ? procedure.described
    : schemas().describe(procedure);
  return {
    name,
    ...(procedure.description === "" ? {} : { summary: procedure.description }),
    params,
    result: { name: procedure.stream ? "item" : "result", schema: result },
    paramStructure: "either",
    "x-kind": procedure.kind,
    "x-idempotent": procedure.idempotent,
    // Shapes may lack it, and so may procedures that an older version of us made.
    "x-stream": procedure.stream === true,
    ...(procedure.callers === undefined ? {} : { "x-callers": [...procedure.callers] }),
  };
}
