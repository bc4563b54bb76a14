/**
 * The messages that cross the wire, as zod schemas: JSON-RPC 2.0 with one optional member of ours,
 * `meta`. Types are inferred from the schemas. Unknown members are dropped, so that versions can
 * differ.
 *
 * Whoever takes requests checks them with these very schemas (`decode_request.ts`). Whoever only
 * makes calls imports the types and checks the few forms of answers without loading zod
 * (`reply_checks.ts`).
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

/**
 * A request's id. `null` is legal and only makes an answer hard to tell from others. A number past
 * those that JavaScript holds would come back as another one: a text can be as long as it likes.
 */
export const idSchema = z.union([
  z.number().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER),
  z.string().max(idLengthMax),
  z.null(),
]);

/** Parameters by position or by name. */
const paramsSchema = z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]);

/** How many items of a stream may be sent. */
const creditSchema = z.int().min(1).max(streamCreditMax);

/**
 * Where in a trace a call stands, as https://www.w3.org/TR/trace-context/ writes it. What has
 * another form is as good as nothing: whoever traces must not be what makes calls fail. Of a later
 * version the first four fields are those of today.
 */
export const traceparentSchema = z.string().max(traceparentLengthMax).regex(
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|(?<!^00.{53})-)/,
);

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
  method: z.string().max(methodLengthMax),
  params: paramsSchema.optional(),
  meta: metaSchema.optional(),
});

/**
 * The error member of an answer. `data` is ours where it has our form, and somebody else's
 * otherwise.
 */
const wireErrorSchema = z.object({
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

/** The parameters of `rpc.discover`: how long a message the one who asks takes, in bytes. */
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
 * What is not read: of parameters and results nothing is known but that they are one value. Part of
 * a line, or of the bytes of a long one.
 */
export type UnreadJson = string | LentBytes;

/**
 * A request as somebody takes it who only passes most of them on: long parameters are not read. It
 * has an id.
 */
export interface UnreadRequest extends Request {
  readonly unread?: UnreadJson;
}

/** A line around something long, which to join with the rest would be to move. */
export interface LongLine<Body extends UnreadJson = UnreadJson> {
  readonly head: string;
  /** Whoever writes lent bytes lets go of them. */
  readonly body: Body;
  /** The line feed included. */
  readonly tail: string;
  /** Of all of it, as it is there: in bytes or in characters. */
  readonly length: number;
}

/** The error member of an answer. */
export type WireError = z.output<typeof wireErrorSchema>;
/** Our `data` of an error. */
export type ErrorData = z.output<typeof errorDataSchema>;
/** An answer; an error if `error` is there. */
export type Response = z.output<typeof responseSchema>;
/** The parameters of `rpc.item`. */
export type ItemParams = z.output<typeof itemParamsSchema>;
/** The parameters of `rpc.more`. */
export type MoreParams = z.output<typeof moreParamsSchema>;
