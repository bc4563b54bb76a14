import { RpcError } from "../base/errors.ts";
import { withPlainNumbers, withRoundedNumbers } from "../base/values/exact_numbers.ts";
import { reservedPrefix } from "../wire/reserved.ts";

/**
 * A result or an item with JavaScript's numbers, as a program gets it, or an error if JavaScript
 * would change a number. The answers of the protocol's own methods are only shown, so their numbers
 * are rounded.
 */
export function withOwnNumbers(method: string, result: unknown): unknown {
  if (typeof result !== "object" || result === null) return result;
  if (method.startsWith(reservedPrefix)) return withRoundedNumbers(result);
  const { value, changed } = withPlainNumbers(result);
  if (changed === undefined) return value;
  const where = changed.path.length === 0 ? "" : ` at ${changed.path.join(".")}`;
  return new RpcError(
    "InternalError",
    `Cannot take the result of ${method}: JavaScript cannot hold the number ${changed.text}` +
      `${where}. Have it returned as a text`,
  );
}
