import { RpcError } from "../base/errors.ts";
import { asJson, describeFault, JsonFault } from "../base/values/json_fault.ts";
import { toFailure, toRefusal } from "./failure.ts";
import type { CallParams } from "./params.ts";
import { invalidParams } from "./plain/invalid_params.ts";
import { type AnyProcedure, PlainProcedure } from "./plain/plain_procedure.ts";
import { type Checked, type Checks, schemas } from "./schemas/loaded.ts";
import type { CallContext, HandlerInput, Procedure } from "./types.ts";

/**
 * Checks the parameters, runs the procedure, and checks what it returns. This is the trust
 * boundary: it is called in the process that runs the procedure, and nothing is checked again
 * elsewhere.
 *
 * A synchronous procedure's result is returned as it is, not as a promise, so that an inline call
 * costs no turn of the event loop. It is a promise too where only schemas can say what is wrong
 * with the parameters, and have to be loaded for that.
 *
 * @throws {RpcError} (or rejects with it) InvalidParams, with issues; InternalError, if the result
 * is not what the schema promises or JSON can express; or what {@link toFailure} makes of what the
 * procedure threw
 */
export function invoke(
  method: string,
  procedure: AnyProcedure,
  params: CallParams,
  context: CallContext,
): unknown {
  return start(run, method, procedure, params, context);
}

/** Runs a procedure with accepted parameters. Without checks its result may be any JSON. */
type Begin<Begun> = (
  method: string,
  procedure: AnyProcedure,
  checks: Checks | undefined,
  input: HandlerInput,
  context: CallContext,
) => Begun;

/** Accepts the parameters without schemas if it can. Schemas say what is wrong with others. */
function start<Begun>(
  begin: Begin<Begun>,
  method: string,
  procedure: AnyProcedure,
  params: CallParams,
  context: CallContext,
): Begun | Promise<Begun> {
  if (!(procedure instanceof PlainProcedure)) {
    return startChecked(begin, method, procedure, params, context);
  }
  const input = acceptInput(method, procedure, params);
  if (input !== undefined) return begin(method, procedure, undefined, input, context);
  const { full } = procedure;
  if (full !== undefined) return startChecked(begin, method, full, params, context);
  return loadFull(method, procedure)
    .then((full) => startChecked(begin, method, full, params, context));
}

function startChecked<Begun>(
  begin: Begin<Begun>,
  method: string,
  procedure: Procedure,
  params: CallParams,
  context: CallContext,
): Begun {
  const checks = schemas().checksOf(procedure);
  return begin(method, procedure, checks, readInput(method, checks, params), context);
}

function run(
  method: string,
  procedure: AnyProcedure,
  checks: Checks | undefined,
  input: HandlerInput,
  context: CallContext,
): unknown {
  let result: unknown;
  let isPromise: boolean;
  try {
    result = procedure.handler(input, context);
    isPromise = isThenable(result);
  } catch (thrown) {
    throw toFailure(method, thrown);
  }
  if (!isPromise) return checkedOutput(method, checks, result);
  return Promise.resolve(result).then(
    (value) => checkedOutput(method, checks, value),
    (thrown) => {
      throw toFailure(method, thrown);
    },
  );
}

/** Items of a stream as they come, each checked. */
interface CheckedItems {
  /** The next item; `done` after the last. Rejects with an {@link RpcError}. */
  next(): Promise<IteratorResult<unknown>>;
  /** Lets a procedure clean up that has not ended by itself. Rejects with an {@link RpcError}. */
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
  procedure: AnyProcedure,
  params: CallParams,
  context: CallContext,
): CheckedItems | Promise<CheckedItems> {
  return start(itemsOf, method, procedure, params, context);
}

function itemsOf(
  method: string,
  procedure: AnyProcedure,
  checks: Checks | undefined,
  input: HandlerInput,
  context: CallContext,
): CheckedItems {
  let iterator: AsyncIterator<unknown> | Iterator<unknown>;
  try {
    iterator = iteratorOf(procedure.handler(input, context));
  } catch (thrown) {
    throw toFailure(method, thrown);
  }
  let hasEnded = false;
  return {
    async next() {
      let value: unknown;
      try {
        const result = await iterator.next();
        hasEnded = result.done === true;
        if (hasEnded) return { done: true, value: undefined };
        value = result.value;
      } catch (thrown) {
        hasEnded = true;
        throw toFailure(method, thrown);
      }
      return { value: checkedOutput(method, checks, value, "yield") };
    },
    async stop() {
      // As `for await` does: an iterator that has ended by itself has cleaned up.
      if (hasEnded) return;
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

function acceptInput(
  method: string,
  procedure: PlainProcedure,
  params: CallParams,
): HandlerInput | undefined {
  try {
    return procedure.accept(method, params);
  } catch (thrown) {
    throw toRefusal(method, thrown);
  }
}

/**
 * Loads the schemas that refuse the parameters. Where they cannot be loaded, since no file can be
 * opened now or the program has been replaced, the caller is told no more than that they do not
 * fit.
 */
async function loadFull(method: string, procedure: PlainProcedure): Promise<Procedure> {
  try {
    return await procedure.load();
  } catch (cause) {
    throw toRefusal(method, invalidParams(method, procedure.names, [], cause));
  }
}

/** A schema may contain its user's functions, which may throw anything. */
function readInput(method: string, checks: Checks, params: CallParams): HandlerInput {
  try {
    return checks.read(method, params);
  } catch (thrown) {
    throw toRefusal(method, thrown);
  }
}

/** @param checks without: it may be any JSON */
function checkedOutput(
  method: string,
  checks: Checks | undefined,
  value: unknown,
  verb: "return" | "yield" = "return",
): unknown {
  let checked: Checked;
  let json: unknown;
  try {
    checked = checks?.check(value) ?? { success: true, value };
    if (checked.success) json = asJson(checked.value);
  } catch (thrown) {
    throw toFailure(method, thrown);
  }
  if (json instanceof JsonFault) {
    throw new RpcError("InternalError", `${method} ${verb}ed ${describeFault(json, verb)}`);
  }
  if (!("problem" in checked)) return json;
  const { problem, cause } = checked;
  throw new RpcError("InternalError", `${method} returned what it does not promise${problem}`, {
    cause,
  });
}
