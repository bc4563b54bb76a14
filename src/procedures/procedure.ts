import type * as z from "zod";
import { assertOptions } from "./check_options.ts";
import {
  type AsInputSchema,
  assertHandler,
  assertSchema,
  type InputSchema,
  isOfParameters,
  ofOne,
} from "./input_schema.ts";
import { isGenerator, parameterNames } from "./parameter_names.ts";
import { checksOf, describe } from "./schemas/by_schema.ts";
import { giveSchemas } from "./schemas/loaded.ts";
import type { Handler, Procedure, ProcedureKind, StreamHandler, StreamProcedure } from "./types.ts";

export type { InputSchema } from "./input_schema.ts";
export type {
  CallContext,
  Handler,
  Items,
  Procedure,
  ProcedureKind,
  Procedures,
  StreamHandler,
  StreamProcedure,
} from "./types.ts";

// A program that has a procedure with schemas has loaded this module, so the schemas can be read.
giveSchemas({ checksOf, describe });

/** What {@link defineProcedure} takes beside the function. */
export interface ProcedureOptions<Input extends z.ZodType, Output extends z.ZodType> {
  /**
   * What it takes. `z.tuple([...])`: parameters by position; the function gets an array.
   * `z.object({...})`: named parameters; the function gets an object. Callers may pass either by
   * position or by name, in the order of `names` or of the object's keys. Any other schema: a
   * single parameter; the function gets its value.
   */
  readonly input: Input;
  /** What it returns; for a stream, what each item is. */
  readonly output: Output;
  /**
   * The names of a tuple's parameters, or of the single one. @default `arg1`, `arg2`, ... for a
   * tuple; the function's own name for a single parameter
   */
  readonly names?: readonly string[];
  /** Where it runs. @default "cpu" */
  readonly kind?: ProcedureKind;
  /**
   * Whether running it twice does no harm, so that a call may be sent again if its server died.
   * @default false
   */
  readonly idempotent?: boolean;
  /** One line for people. @default "" */
  readonly description?: string;
  /**
   * Patterns of the names of those who may call it, such as `["alice", "win-*"]`. On a server
   * without keys nobody has a name, so nobody may call it. @default whoever may call the server
   */
  readonly callers?: readonly string[] | undefined;
  /**
   * Whether it returns items one after the other, as an async generator does. Only needed for a
   * function that returns a generator without being one. @default whether it is a generator
   */
  readonly stream?: boolean;
}

/**
 * Describes a function so that it can be called over the network.
 *
 * @throws {TypeError} an option is not what it must be, or `names` does not name each parameter
 * once
 *
 * @example
 * ```ts
 * import * as z from "zod";
 * import { defineProcedure } from "./procedure.ts";
 *
 * const area = defineProcedure({
 *   input: z.tuple([z.number(), z.number()]),
 *   names: ["width", "height"],
 *   output: z.number(),
 *   idempotent: true,
 *   description: "The area of a rectangle",
 * }, ([width, height]) => width * height);
 *
 * console.assert(area.kind === "cpu");
 * ```
 *
 * @example An async generator is a stream: `output` is what each item is.
 * ```ts
 * import * as z from "zod";
 * import { defineProcedure } from "./procedure.ts";
 *
 * const count = defineProcedure({
 *   input: z.tuple([z.int().min(0)]),
 *   output: z.int(),
 * }, async function* ([n]) {
 *   for (let i = 1; i <= n; i++) yield i;
 * });
 *
 * console.assert(count.stream);
 * ```
 */
export function defineProcedure<const Input extends z.ZodType, Output extends z.ZodType>(
  options: ProcedureOptions<Input, Output>,
  handler: StreamHandler<Input, Output>,
): StreamProcedure<AsInputSchema<Input>, Output>;
/** Describes a function that returns its result at once, or a promise of it. */
export function defineProcedure<const Input extends z.ZodType, Output extends z.ZodType>(
  options: ProcedureOptions<Input, Output>,
  handler: Handler<Input, Output>,
): Procedure<AsInputSchema<Input>, Output>;
export function defineProcedure<const Input extends z.ZodType, Output extends z.ZodType>(
  options: ProcedureOptions<Input, Output>,
  handler: Handler<Input, Output> | StreamHandler<Input, Output>,
): Procedure {
  assertOptions(options);
  const { input, output } = options;
  assertSchema("input", input);
  assertSchema("output", output);
  assertHandler(handler);
  const parameters: InputSchema = isOfParameters(input) ? input : ofOne(input);
  const names = options.names ?? defaultNames(parameters, isOfParameters(input), handler);
  assertNames(names, parameters);
  // The schema checks the input at each call, so the type need not be known here.
  const run = handler as Procedure["handler"];
  return {
    input: parameters,
    output,
    names,
    kind: options.kind ?? "cpu",
    idempotent: options.idempotent ?? false,
    description: options.description ?? "",
    callers: options.callers,
    stream: options.stream ?? isGenerator(handler),
    handler: isOfParameters(input)
      ? run
      : (values, context) => run((values as readonly unknown[])[0] as typeof values, context),
  };
}

/** The names of an object's parameters must be its keys, in any order. */
function assertNames(names: readonly string[], input: InputSchema): void {
  const keys = input.def.type === "object" ? Object.keys(input.def.shape) : undefined;
  const expected = keys?.length ?? (input as z.ZodTuple).def.items.length;
  const isFit = names.length === expected && new Set(names).size === expected &&
    names.every((name) => keys?.includes(name) ?? true);
  if (isFit) return;
  const why = keys === undefined ? "" : `: those of an object are its keys, ${keys.join(", ")}`;
  throw new TypeError(`Cannot name ${expected} parameters with ${JSON.stringify(names)}${why}`);
}

function defaultNames(
  input: InputSchema,
  isOfParameters: boolean,
  handler: CallableFunction,
): string[] {
  if (input.def.type === "object") return Object.keys(input.def.shape);
  const own = isOfParameters ? [] : parameterNames(handler).slice(0, 1);
  return input.def.items.map((_, index) => own[index] ?? `arg${index + 1}`);
}
