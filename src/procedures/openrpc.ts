/**
 * OpenRPC documents, which tell what a server offers: their schema, and reading those of other
 * programs. Our own are written and read without zod (`documents/`).
 */

import * as z from "zod";

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
    /** Longest one that it reads itself, in bytes, where that is less. */
    "x-one-string-max": z.number().optional(),
  }),
  methods: z.array(openRpcMethodSchema),
});

/** One procedure in a document. */
export type OpenRpcMethod = z.output<typeof openRpcMethodSchema>;
/** A document. */
export type OpenRpcDocument = z.output<typeof openRpcSchema>;
