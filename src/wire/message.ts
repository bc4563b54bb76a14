/**
 * The messages that cross the wire, as zod schemas: JSON-RPC 2.0 with one optional member of ours,
 * `meta`. Types are inferred from the schemas. Unknown members are dropped, so that versions can differ.
 */

import * as z from "zod";
import { callTimeoutMsMax, idLengthMax, methodLengthMax } from "../base/limits.ts";

/** A request's id. `null` is legal and only makes an answer hard to tell from others. */
export const idSchema = z.union([z.number(), z.string().max(idLengthMax), z.null()]);

/** Parameters by position or by name. */
export const paramsSchema = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);

/** What travels beside a request without being a parameter. */
export const metaSchema = z.object({
  /** Time left for the call in milliseconds: never a timestamp, since clocks differ. */
  timeoutMs: z.number().min(0).max(callTimeoutMsMax).optional(),
});

/** A request, or without an id a notification. */
export const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: idSchema.optional(),
  method: z.string().max(methodLengthMax),
  params: paramsSchema.optional(),
  meta: metaSchema.optional(),
});

/** The error member of an answer. `data` is ours where it has our form, and somebody else's otherwise. */
export const wireErrorSchema = z.object({
  code: z.number(),
  message: z.string(),
  data: z.unknown().optional(),
});

/** Our `data` of an error. */
export const errorDataSchema = z.object({
  executed: z.enum(["no", "maybe", "yes"]).optional(),
  issues: z.array(z.object({
    path: z.array(z.union([z.string(), z.number()])),
    message: z.string(),
  })).optional(),
});

/** The answer to a request: a result or an error. */
export const responseSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: idSchema,
  result: z.unknown().optional(),
  error: wireErrorSchema.optional(),
});

/** The id of a request. */
export type Id = z.output<typeof idSchema>;
/** Parameters by position (an array) or by name (an object). */
export type Params = z.output<typeof paramsSchema>;
/** What travels beside a request. */
export type Meta = z.output<typeof metaSchema>;
/** A request; a notification if `id` is `undefined`. */
export type Request = z.output<typeof requestSchema>;
/** An answer; an error if `error` is there. */
export type Response = z.output<typeof responseSchema>;
/** The error member of an answer. */
export type WireError = z.output<typeof wireErrorSchema>;

/** The methods that JSON-RPC reserves for extensions, as far as we use them. */
export const reservedMethods = {
  /** Request: an OpenRPC document of what the server offers. */
  discover: "rpc.discover",
  /** Notification to the server, `{id}`: nobody waits for that call any more. */
  cancel: "rpc.cancel",
  /** Request, answered `"pong"` by the main process: is it alive? */
  ping: "rpc.ping",
  /** Request: counters of the server. */
  stats: "rpc.stats",
  /** Notification to the client: send new calls elsewhere; those under way will be answered. */
  goaway: "rpc.goaway",
} as const;

/** Methods that begin with this are not procedures. */
export const reservedPrefix = "rpc.";

/** The parameters of `rpc.cancel`. */
export const cancelParamsSchema = z.object({ id: idSchema });
