import { RpcError } from "../base/errors.ts";
import { nestingMax } from "../base/limits.ts";
import { isExactAnyway, parseExactly } from "./exact_json.ts";
import { isNestedDeeper } from "./nesting.ts";

/** What a JSON text arrived as, in the words of its sender. */
export type Carrier = "line" | "body" | "message";

/** The value as `JSON.parse` reads it, or the error to answer with. Never throws. */
export function parseJson(text: string, carrier: Carrier = "line"): unknown {
  try {
    if (isNestedDeeper(text, nestingMax)) {
      return new RpcError("ParseError", `Cannot take JSON nested deeper than ${nestingMax} levels`);
    }
    return JSON.parse(text);
  } catch (cause) {
    return new RpcError("ParseError", `Cannot read a ${carrier} that is not JSON`, { cause });
  }
}

/**
 * The same value with the numbers as they were written, for what only passes through; `undefined`
 * if JavaScript changes none of them, as in nearly all lines.
 *
 * @param line one that {@link parseJson} could read
 */
export function exactJson(line: string): unknown {
  return isExactAnyway(line) ? undefined : parseExactly(line);
}
