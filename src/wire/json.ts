import { RpcError } from "../base/errors.ts";
import { nestingMax } from "../base/limits.ts";
import { isNestedDeeper } from "./nesting.ts";

/** A line's JSON value, or the error to answer it with. Never throws. */
export function parseJson(line: string): unknown {
  try {
    if (isNestedDeeper(line, nestingMax)) {
      return new RpcError("ParseError", `Cannot take JSON nested deeper than ${nestingMax} levels`);
    }
    return JSON.parse(line);
  } catch (cause) {
    return new RpcError("ParseError", "Cannot read a line that is not JSON", { cause });
  }
}
