import { nestingMax } from "../../base/limits.ts";
import type { Params } from "../message.ts";
import { isNestedDeeper } from "../nesting.ts";

/** Longest line that is written here, in UTF-16 code units: every server takes it. */
const plainLengthMax = 32 * 1024;

/**
 * A request as `codec.ts` writes it, for parameters that were read from JSON and so can be nothing
 * else. `undefined`: it is long or deeply nested, which `codec.ts` judges.
 */
export function plainRequest(
  id: number,
  method: string,
  params: Params | undefined,
  meta: { readonly timeoutMs: number; readonly stream?: number },
): string | undefined {
  const json = params === undefined ? "" : JSON.stringify(params);
  if (isNestedDeeper(json, nestingMax - 1)) return undefined;
  const given = json && `,"params":${json}`;
  const line = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${given},"meta":${
    JSON.stringify(meta)
  }}\n`;
  return line.length > plainLengthMax ? undefined : line;
}
