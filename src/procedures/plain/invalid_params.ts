/** What callers are told of parameters that a procedure does not take. */

import { type ParamsIssue, RpcError } from "../../base/errors.ts";
import { withPlainNumbers } from "../../base/values/exact_numbers.ts";

/**
 * The error for parameters that do not fit. The first issue is told in its message.
 *
 * @param names those of the parameters, in order
 */
export function invalidParams(
  method: string,
  names: readonly string[],
  issues: readonly ParamsIssue[],
  cause?: unknown,
): RpcError {
  const [first, ...others] = issues;
  const [head, ...rest] = first?.path ?? [];
  const name = typeof head === "number" ? names[head] ?? `parameter ${head + 1}` : head;
  const subject = [name ?? "what it is given", ...rest].join(".");
  const more = others.length === 0
    ? ""
    : ` (and ${others.length} more ${others.length === 1 ? "issue" : "issues"})`;
  const message = `Cannot call ${method}: ${subject} ${first?.message ?? "is not valid"}${more}`;
  return new RpcError("InvalidParams", message, { issues, cause });
}

/**
 * Makes JavaScript's numbers of those that were kept as they were written, in place.
 *
 * @param names those of the parameters, in order
 * @throws {RpcError} InvalidParams: JavaScript cannot hold one
 */
export function usePlainNumbers(method: string, names: readonly string[], params: unknown): void {
  const { changed } = withPlainNumbers(params);
  if (changed === undefined) return;
  const message = `must be a number that JavaScript can hold (got ${changed.text}): ` +
    "pass it as a text";
  throw invalidParams(method, names, [{ path: changed.path, message }]);
}
