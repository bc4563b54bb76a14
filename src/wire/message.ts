/**
 * The messages that cross the wire, as zod schemas: JSON-RPC 2.0 with one optional member of ours,
 * `meta`. Types are inferred from the schemas. Unknown members are dropped, so that versions can
 * differ.
 *
 * What is right by them is told without loading zod (`requests/request_checks.ts` for requests,
 * `reply_checks.ts` for answers), which a test holds to these schemas. What is no request they
 * explain to its sender (`requests/decode_request.ts`).
 */

import * as z from "zod";
import {
  callTimeoutMsMax,
  idLengthMax,
  messageMaxLeast,
  messageMaxMost,
  methodLengthMax,
  streamCreditMax,
  traceparentLengthMax,
} from "../base/limits.ts";
import type { LentBytes } from "../base/spare_buffers.ts";
import { traceparentPattern } from "./requests/traceparent.ts";

/**
 * A text of at most so many UTF-16 code units, as JavaScript counts. `max` counts characters, which
 * may have two of them.
 */
export function textOfUnits(most: number): z.ZodString {
  return z.string().refine(
    ({ length }) => length <= most,
    `Too big: expected string to have <=${most} UTF-16 code units`,
  );
}

/**
 * A request's id. `null` is legal, though it makes answers hard to tell apart. A number past
 * JavaScript's safe integers would come back changed; a string can hold any number.
 */
export const idSchema = z.union([
  z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
  textOfUnits(idLengthMax),
  z.null(),
]);

/** Parameters by position or by name. */
const paramsSchema = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);

/** How many items of a stream may be sent. */
const creditSchema = z.int().min(1).max(streamCreditMax);

/** A call's place in a trace. A value of another form is ignored: tracing makes no call fail. */
const traceparentSchema = textOfUnits(traceparentLengthMax).regex(traceparentPattern);

/** What travels beside a request without being a parameter. */
const metaSchema = z.object({
  /** Time left for the call in milliseconds: never a timestamp, since clocks differ. */
  timeoutMs: z.number().min(0).max(callTimeoutMsMax).optional(),
  /** The caller asks for a stream, and may be sent this many items before it grants more. */
  stream: creditSchema.optional(),
  /** The trace that the call belongs to, and in it the span of its caller. */
  traceparent: traceparentSchema.optional().catch(undefined),
  /** Who calls. A server tells its workers; what a client writes here counts for nothing. */
  caller: z.string().optional().catch(undefined),
});

/** A request, or without an id a notification. */
export const requestSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: idSchema.optional(),
  method: textOfUnits(methodLengthMax),
  params: paramsSchema.optional(),
  meta: metaSchema.optional(),
});

/** The error member of an answer. `data` may be of our form or of anybody's. */
const wireErrorSchema = z.object({
  code: z.number(),
  message: z.string(),
  data: z.unknown().optional(),
});

/** The `data` of an error in our form. */
export const errorDataSchema = z.object({
  executed: z.enum(["no", "maybe", "yes"]).optional(),
  issues: z.array(z.object({
    path: z.array(z.union([z.string(), z.number()])),
    message: z.string(),
  })).optional(),
});

/** The answer to a request: an error if `error` is there, or else a result. */
export const responseSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: idSchema,
  result: z.unknown().optional(),
  error: wireErrorSchema.optional(),
});

/** The parameters of `rpc.cancel`. */
export const cancelParamsSchema = z.object({ id: idSchema });

/** The parameters of `rpc.item`. */
export const itemParamsSchema = z.object({ id: idSchema, items: z.array(z.unknown()) });

/** The parameters of `rpc.more`. */
export const moreParamsSchema = z.object({ id: idSchema, n: creditSchema });

/** The parameters of `rpc.discover`: the longest message that its sender takes, in bytes. */
export const discoverParamsSchema = z.object({
  messageMax: z.int().min(messageMaxLeast).max(messageMaxMost),
});

/** The id of a request. */
export type Id = z.output<typeof idSchema>;
/** Parameters by position (an array) or by name (an object). */
export type Params = z.output<typeof paramsSchema>;
/** A request; a notification if `id` is `undefined`. */
export type Request = z.output<typeof requestSchema>;

/**
 * Parameters or a result that were not parsed: all that is known is that they are one JSON value. A
 * part of a line, or of the bytes of a long one.
 */
export type UnreadJson = string | LentBytes;

/** A request whose long parameters, if it has any, were not parsed, only to be passed on. */
export interface UnreadRequest extends Request {
  readonly unread?: UnreadJson;
}

/** A line with a long body, in three pieces: to join them would copy the body. */
export interface LongLine<Body extends UnreadJson = UnreadJson> {
  readonly head: string;
  /** If these are lent bytes, whoever writes them lets go of them. */
  readonly body: Body;
  /** With the line feed. */
  readonly tail: string;
  /** Of the three together, each in its own unit: characters, or bytes of lent bytes. */
  readonly length: number;
}

/** The error member of an answer. */
export type WireError = z.output<typeof wireErrorSchema>;
/** The `data` of an error in our form. */
export type ErrorData = z.output<typeof errorDataSchema>;
/** An answer; an error if `error` is there. */
export type Response = z.output<typeof responseSchema>;
/** The parameters of `rpc.item`. */
export type ItemParams = z.output<typeof itemParamsSchema>;
/** The parameters of `rpc.more`. */
export type MoreParams = z.output<typeof moreParamsSchema>;
