/** OpenRPC documents, which tell what a server offers: made of zod schemas, and read back. */

import * as z from "zod";
import { itemsOf } from "./params.ts";
import type { Procedure, Procedures } from "./procedure.ts";

/** The edition of the OpenRPC specification (open-rpc.org) that documents are written in. */
const openRpcVersion = "1.3.2";

const jsonSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()]);

/** One procedure in a document. Absent members get the cautious value. */
export const openRpcMethodSchema = z.object({
  name: z.string(),
  summary: z.string().optional(),
  description: z.string().optional(),
  params: z.array(z.object({
    name: z.string(),
    required: z.boolean().default(false),
    schema: jsonSchema.default({}),
  })).default([]),
  result: z.object({ name: z.string().default("result"), schema: jsonSchema.default({}) })
    .optional(),
  paramStructure: z.enum(["by-name", "by-position", "either"]).default("either"),
  "x-kind": z.enum(["inline", "cpu", "io"]).default("cpu"),
  "x-idempotent": z.boolean().default(false),
  /** Whether it is a stream, of which `result` is one item. */
  "x-stream": z.boolean().default(false),
  /** Patterns of the names of those who may call it. */
  "x-callers": z.array(z.string()).optional(),
});

/** A document. */
export const openRpcSchema = z.object({
  openrpc: z.string(),
  info: z.object({
    title: z.string(),
    version: z.string(),
    description: z.string().optional(),
    /** Longest message that the server takes, in bytes. */
    "x-message-max": z.number().optional(),
  }),
  methods: z.array(openRpcMethodSchema),
});

/** One procedure in a document. */
export type OpenRpcMethod = z.output<typeof openRpcMethodSchema>;
/** A document. */
export type OpenRpcDocument = z.output<typeof openRpcSchema>;

/** Describes procedures. `title` is the service's name, `version` is the service's own. */
export function toOpenRpc(
  procedures: Procedures,
  info: OpenRpcDocument["info"],
): OpenRpcDocument {
  const methods = Object.entries(procedures).map(([name, procedure]) => toMethod(name, procedure));
  return { openrpc: openRpcVersion, info: { ...info }, methods };
}

/**
 * Merges documents into one. The first title is kept, and of methods with the same name the first.
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

function toMethod(name: string, procedure: Procedure): OpenRpcMethod {
  const items = itemsOf(procedure.input);
  return {
    name,
    ...(procedure.description === "" ? {} : { summary: procedure.description }),
    params: procedure.names.map((paramName, index) => {
      const item = items[index];
      return {
        name: paramName,
        required: item !== undefined && item._zod.optin === undefined,
        schema: item === undefined ? {} : toJsonSchema(item, "input"),
      };
    }),
    result: {
      name: procedure.stream ? "item" : "result",
      schema: toJsonSchema(procedure.output, "output"),
    },
    paramStructure: "either",
    "x-kind": procedure.kind,
    "x-idempotent": procedure.idempotent,
    // Procedures of an older version of this library lack it.
    "x-stream": procedure.stream === true,
    ...(procedure.callers === undefined ? {} : { "x-callers": [...procedure.callers] }),
  };
}

/** As draft 7, which OpenRPC 1.x asks for, without what JSON Schema cannot express. */
function toJsonSchema(schema: z.core.$ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    target: "draft-7",
    io,
    unrepresentable: "any",
  });
  return rest;
}
