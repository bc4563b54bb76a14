import { RpcError } from "../base/errors.ts";
import { nestingMax } from "../base/limits.ts";
import { isExactAnyway, parseExactly } from "./exact_json.ts";
import { isNestedDeeper } from "./nesting.ts";

/** What a JSON text came as: its sender knows it by that name. */
export type Carrier = "line" | "body" | "message";

/** The JSON value, its numbers JavaScript's, or the error to answer it with. Never throws. */
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
 * The same value with the numbers that JavaScript would change as they were written, for what only
 * passes through; `undefined` if there are none, as in nearly all lines. The line has been read by
 * {@link parseJson}.
 */
export function exactJson(line: string): unknown {
  return isExactAnyway(line) ? undefined : parseExactly(line);
}
