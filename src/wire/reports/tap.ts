/** The parameters of `rpc.tap`, and the items of its answer. */

import * as z from "zod";
import { methodLengthMax, tapMethodsMax } from "../../base/limits.ts";
import { textOfUnits } from "../message.ts";

/** Which calls are reported: those that fit all of this. */
export const tapParamsSchema = z.object({
  /** Patterns of names, in which `*` stands for any text. Absent: any procedure. */
  methods: z.array(textOfUnits(methodLengthMax)).min(1).max(tapMethodsMax).optional(),
  /** Only calls that fail. */
  failed: z.boolean().optional(),
  /** Only calls that take at least so long. */
  slowMs: z.number().min(0).optional(),
  /** Whether items of {@link tapCountSchema} are understood; older listeners do not know them. */
  counts: z.boolean().optional(),
});

/**
 * A call that has ended. The first item of the stream is `null`: the server reports the calls that
 * it reads after that.
 */
const tapEventSchema = z.object({
  /** When the server read it, in milliseconds since 1970 UTC by the server's clock. */
  atMs: z.number(),
  /** The name in the caller's certificate; `null` where callers are not known. */
  caller: z.string().nullable(),
  /** The address that it came from. */
  from: z.string(),
  method: z.string(),
  /** The parameters as JSON, cut if long; `null` if the listener may not call the method itself. */
  params: z.string().nullable(),
  /** `ok`, or the error's name. */
  outcome: z.string(),
  /** The error's message, cut if long. */
  message: z.string().optional(),
  /** Milliseconds from reading the request to having the answer. */
  ms: z.number(),
  /** Calls before it that fit and were left out, because there were too many. */
  missed: z.number(),
});

/** Calls that fit and were left out, reported by itself if no call follows for a while. */
const tapCountSchema = z.object({ missed: z.number() });

/** Any item after the first. Only a call has a method. */
export const tapItemSchema = z.union([tapEventSchema, tapCountSchema]);

/** Which calls are reported. */
export type TapParams = z.output<typeof tapParamsSchema>;
/** A call that has ended. */
export type TapEvent = z.output<typeof tapEventSchema>;
/** A call that has ended, or the number of those that were left out. */
export type TapItem = z.output<typeof tapItemSchema>;
