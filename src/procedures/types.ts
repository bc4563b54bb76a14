/** What procedures are. */

import type * as z from "zod";
import type { InputSchema } from "./input_schema.ts";

/**
 * Where a procedure runs:
 *
 * - `"inline"`: in the main process, which owns the sockets. Only for what takes microseconds.
 * - `"cpu"`: in a worker process, which runs one at a time. The default.
 * - `"io"`: in a worker process, which runs many at once. For functions that mostly wait, also for
 *   calls that they make themselves: a `"cpu"` one keeps its worker meanwhile. If all workers wait
 *   for calls that only they could run, these calls end at their deadlines.
 */
export type ProcedureKind = "inline" | "cpu" | "io";

/** What a procedure is told beside its input. */
export interface CallContext {
  /** Aborts when the caller has gone or the deadline has passed. */
  readonly signal: AbortSignal;
  /**
   * The trace that the call belongs to, as W3C Trace Context writes it; `undefined`: none. Calls
   * that the procedure makes itself join the trace if they are given it:
   * `client.call("add", [2, 3], { traceparent: context.traceparent })`.
   */
  readonly traceparent?: string | undefined;
  /**
   * Milliseconds until the call's deadline, 0 once it has passed. Give it to the calls that the
   * procedure makes itself, so that none of them goes on when nobody waits any more:
   * `client.call("add", [2, 3], { timeoutMs: context.timeoutMs })`.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Who calls: the name in the caller's certificate, which cannot be forged. `undefined` if the
   * server runs without keys.
   */
  readonly caller?: string | undefined;
}

/** The function behind a procedure. */
export type Handler<Input extends z.ZodType, Output extends z.ZodType> = (
  input: z.output<Input>,
  context: CallContext,
) => z.input<Output> | Promise<z.input<Output>>;

/** The function behind a procedure whose items reach the caller as they come. */
export type StreamHandler<Input extends z.ZodType, Output extends z.ZodType> = (
  input: z.output<Input>,
  context: CallContext,
) => Items<z.input<Output>>;

/** Items one after the other, as generators return them. */
export type Items<Item> = AsyncIterable<Item> | Generator<Item, unknown, undefined>;

/** What a procedure is beside the function and its schemas. */
export interface ProcedureTraits {
  /** The names of the parameters, in order. */
  readonly names: readonly string[];
  /** Where it runs. */
  readonly kind: ProcedureKind;
  /** Whether running it twice does no harm. */
  readonly idempotent: boolean;
  /** One line for people; may be empty. */
  readonly description: string;
  /** Patterns of the names of those who may call it; `undefined`: whoever may call the server. */
  readonly callers?: readonly string[] | undefined;
  /** Whether its handler returns items one after the other. */
  readonly stream: boolean;
}

/** A function with schemas, ready to be served. */
export interface Procedure<
  Input extends InputSchema = InputSchema,
  Output extends z.ZodType = z.ZodType,
> extends ProcedureTraits {
  /** The schema of all parameters. */
  readonly input: Input;
  /** The schema of the result; for a stream, of each item. */
  readonly output: Output;
  /** The function behind it. */
  // A method's parameters are bivariant, so that procedures of any input fit one table.
  handler(
    input: z.output<Input>,
    context: CallContext,
  ): z.input<Output> | Promise<z.input<Output>> | Items<z.input<Output>>;
}

/** A procedure whose items reach the caller as they come. */
export interface StreamProcedure<
  Input extends InputSchema = InputSchema,
  Output extends z.ZodType = z.ZodType,
> extends Procedure<Input, Output> {
  /** Its handler returns items one after the other. */
  readonly stream: true;
}

/** Procedures by method name. */
export type Procedures = Readonly<Record<string, Procedure>>;

/** What the function of any procedure takes. */
export type HandlerInput = Parameters<Procedure["handler"]>[0];
