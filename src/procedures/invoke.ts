import * as z from "zod";
import { RpcError } from "../base/errors.ts";
import { describeFault, type JsonFault, jsonFaultOf } from "../base/values/json_fault.ts";
import { toFailure, toRefusal } from "./failure.ts";
import { explained } from "./input_schema.ts";
import { type CallParams, InputReader } from "./params.ts";
import type { CallContext, Procedure } from "./procedure.ts";

interface Compiled {
  readonly input: InputReader;
  readonly output: z.ZodType;
}

const compiledByProcedure = new WeakMap<Procedure, Compiled>();

/**
 * Checks the parameters, runs the procedure, and checks what it returns. This is the trust
 * boundary: it is called in the process that runs the procedure, and nothing is checked again
 * elsewhere.
 *
 * A synchronous procedure's result is returned as it is, not as a promise, so that an inline call
 * costs no turn of the event loop.
 *
 * @throws {RpcError} (or rejects with it) InvalidParams, with issues; InternalError, if the result
 * is not what the schema promises or JSON can express; or what {@link toFailure} makes of what the
 * procedure threw
 */
export function invoke(
  method: string,
  procedure: Procedure,
  params: CallParams,
  context: CallContext,
): unknown {
  const compiled = compiledOf(procedure);
  const input = readInput(method, compiled, params);
  let result: unknown;
  let isPromise: boolean;
  try {
    result = procedure.handler(input, context);
    isPromise = isThenable(result);
  } catch (thrown) {
    throw toFailure(method, thrown);
  }
  if (!isPromise) return checkedOutput(method, compiled, result);
  return Promise.resolve(result).then(
    (value) => checkedOutput(method, compiled, value),
    (thrown) => {
      throw toFailure(method, thrown);
    },
  );
}

/** Items of a stream as they come, each checked. */
interface CheckedItems {
  /** The next item; `done` after the last. Rejects with an {@link RpcError}. */
  next(): Promise<IteratorResult<unknown>>;
  /** Lets an unfinished procedure clean up. Rejects with an {@link RpcError}. */
  stop(): Promise<void>;
}

/**
 * As {@link invoke}, for streams: checks the parameters and starts the procedure, which runs from
 * one `next()` to the item that it resolves to.
 *
 * @throws {RpcError} as {@link invoke} does
 */
export function invokeStream(
  method: string,
  procedure: Procedure,
  params: CallParams,
  context: CallContext,
): CheckedItems {
  const compiled = compiledOf(procedure);
  const input = readInput(method, compiled, params);
  let iterator: AsyncIterator<unknown> | Iterator<unknown>;
  try {
    iterator = iteratorOf(procedure.handler(input, context));
  } catch (thrown) {
    throw toFailure(method, thrown);
  }
  return {
    async next() {
      let value: unknown;
      try {
        const result = await iterator.next();
        if (result.done) return { done: true, value: undefined };
        value = result.value;
      } catch (thrown) {
        throw toFailure(method, thrown);
      }
      return { value: checkedOutput(method, compiled, value, "yield") };
    },
    async stop() {
      try {
        await iterator.return?.();
      } catch (thrown) {
        throw toFailure(method, thrown);
      }
    },
  };
}

function iteratorOf(items: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  if (typeof items === "object" && items !== null) {
    if (Symbol.asyncIterator in items) {
      return (items as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    }
    if (Symbol.iterator in items) return (items as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError("it is a stream, and returned nothing to iterate over");
}

/** Whether {@link invoke} returned a promise of the result rather than the result. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

type HandlerInput = Parameters<Procedure["handler"]>[0];

function compiledOf(procedure: Procedure): Compiled {
  let compiled = compiledByProcedure.get(procedure);
  if (compiled === undefined) {
    const output = z.compile<z.ZodType>(procedure.output);
    compiled = { input: new InputReader(procedure), output };
    compiledByProcedure.set(procedure, compiled);
  }
  return compiled;
}

/** A schema may contain its user's functions, which may throw anything. */
function readInput(method: string, { input }: Compiled, params: CallParams): HandlerInput {
  try {
    return input.read(method, params) as HandlerInput;
  } catch (thrown) {
    throw toRefusal(method, explained(thrown));
  }
}

function checkedOutput(
  method: string,
  { output }: Compiled,
  value: unknown,
  verb: "return" | "yield" = "return",
): unknown {
  let parsed: z.ZodSafeParseResult<unknown>;
  let fault: JsonFault | undefined;
  try {
    parsed = output.safeParse(value);
    if (parsed.success) fault = jsonFaultOf(parsed.data);
  } catch (thrown) {
    throw toFailure(method, explained(thrown));
  }
  if (fault !== undefined) {
    throw new RpcError("InternalError", `${method} ${verb}ed ${describeFault(fault, verb)}`);
  }
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new RpcError(
    "InternalError",
    `${method} returned what it does not promise${where}: ${issue?.message ?? "not valid"}`,
    { cause: parsed.error },
  );
}
