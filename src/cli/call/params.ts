import { messageOf } from "../../base/errors.ts";
import { isExactNumber } from "../../base/values/exact_numbers.ts";
import { parseExactly } from "../../wire/exact_json.ts";
import type { Params } from "../../wire/message.ts";
import { UsageError } from "../syntax/usage_error.ts";

/** What stands for the call's number in arguments. */
const indexPlaceholder = "{i}";

/**
 * Turns the command line's arguments into the parameters of call `i`: each is JSON if it parses, else
 * text. `{i}` is replaced before that, so that `{i}` is a number and `job-{i}` a text.
 *
 * @param args parameters by position
 * @param named a JSON object of named parameters instead
 * @throws {UsageError} both are given, or `named` is no JSON object
 */
export function paramsMaker(
  args: readonly string[],
  named: string | undefined,
): (i: number) => Params {
  if (named === undefined) {
    const makers = args.map((arg) => varying(arg, valueOf));
    return (i) => makers.map((make) => make(i));
  }
  if (args.length > 0) {
    throw new UsageError("Cannot take arguments beside --params: give one or the other");
  }
  const make = varying(named, objectOf);
  make(1);
  return make;
}

/** Reads the text once if it is the same for every call. */
function varying<Value>(text: string, read: (text: string) => Value): (i: number) => Value {
  if (text.includes(indexPlaceholder)) {
    return (i) => read(text.replaceAll(indexPlaceholder, String(i)));
  }
  const value = read(text);
  return () => value;
}

function valueOf(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}

function objectOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch (error) {
    throw new UsageError(
      `Cannot use --params ${JSON.stringify(text)}: it must be a JSON object, ` +
        `such as '{"n": 32}': ${messageOf(error)}`,
    );
  }
  if (isRecord(value)) return value;
  throw new UsageError(
    `Cannot use --params ${JSON.stringify(text)}: it must be a JSON object, such as '{"n": 32}'`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !isExactNumber(value);
}
