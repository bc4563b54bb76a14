/** What `rpc.tap` is asked for, and the items that it answers. */

import * as z from "zod";
import { methodLengthMax, tapMethodsMax } from "../../base/limits.ts";

/** Which calls are told: those that fit all of this. */
export const tapParamsSchema = z.object({
  /** Patterns of names, in which `*` stands for any text. Absent: any procedure. */
  methods: z.array(z.string().max(methodLengthMax)).min(1).max(tapMethodsMax).optional(),
  /** Only calls that fail. */
  failed: z.boolean().optional(),
  /** Only calls that take at least so long. */
  slowMs: z.number().min(0).optional(),
  /** {@link tapCountSchema} may be told as well: older listeners take it for no call. */
  counts: z.boolean().optional(),
});

/**
 * A call that has ended. Before the first of them comes one item `null`: calls that the server
 * reads after it are heard.
 */
const tapEventSchema = z.object({
  /** When the server read it, in milliseconds since 1970 UTC by the server's clock. */
  atMs: z.number(),
  /** The name in the caller's certificate; `null` where callers are not known. */
  caller: z.string().nullable(),
  /** The address that it came from. */
  from: z.string(),
  method: z.string(),
  /**
   * The parameters as JSON, as far as that is short; `null` for who may not call the method itself.
   */
  params: z.string().nullable(),
  /** `ok`, or the error's name. */
  outcome: z.string(),
  /** What the error says, as far as that is short. */
  message: z.string().optional(),
  /** From the request read to the answer made. */
  ms: z.number(),
  /** Calls before it that fit and are not told, since there were too many. */
  missed: z.number(),
});

/** Calls that fit and are not told, where no other call has said so for a while. */
const tapCountSchema = z.object({ missed: z.number() });

/** What is told after the first item. Only a call has a method. */
export const tapItemSchema = z.union([tapEventSchema, tapCountSchema]);

/** Which calls are told. */
export type TapParams = z.output<typeof tapParamsSchema>;
/** A call that has ended. */
export type TapEvent = z.output<typeof tapEventSchema>;
/** A call that has ended, or the number of those that are not told. */
export type TapItem = z.output<typeof tapItemSchema>;
