import {
  type Executed,
  isOutcome,
  isRpcError,
  messageOf,
  type ParamsIssue,
  RpcError,
} from "../base/errors.ts";
import { boxProblem } from "./problems/box_problem.ts";

/**
 * The error of a call whose procedure threw: an InternalError, since the procedure ran, with what
 * was thrown as its cause. An {@link RpcError} that was thrown tells of another call. If it were
 * passed on unchanged, an Overloaded of that call would have this one sent again.
 *
 * A procedure may throw InvalidParams itself, for it knows its parameters best. That is passed on,
 * unless it is the outcome of a call that the procedure made.
 */
export function toFailure(method: string, thrown: unknown): RpcError {
  if (!isRpcError(thrown)) {
    const why = inOurWords(messageOf(thrown)) || "it does not say why";
    return new RpcError("InternalError", `${method} failed: ${why}`, { cause: thrown });
  }
  if (isOwnRefusal(thrown)) return refusal(thrown, "yes");
  return new RpcError("InternalError", `${method} failed: ${thrown.name}: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

/**
 * What a compiled program words otherwise than Deno: an import that fails (`boxProblem`), and a
 * permission, of which it names the compiler's flag. The same flag is one of `rpc serve`.
 */
function inOurWords(message: string): string {
  return boxProblem(message) ?? message.replace(
    /specify the required permissions during compilation using `deno compile (--allow-[a-z]+)`/,
    "run again with the $1 flag",
  );
}

/**
 * As {@link toFailure}, for what was thrown while the parameters were checked: the procedure has
 * not begun then. A schema may contain its user's functions, so anything may be thrown.
 */
export function toRefusal(method: string, thrown: unknown): RpcError {
  return isRpcError(thrown) && isOwnRefusal(thrown)
    ? refusal(thrown, "no")
    : toFailure(method, thrown);
}

function isOwnRefusal(thrown: RpcError): boolean {
  return thrown.name === "InvalidParams" && !isOutcome(thrown);
}

function refusal(thrown: RpcError, executed: Executed): RpcError {
  const issues = issuesOf(thrown.issues);
  return new RpcError("InvalidParams", messageOf(thrown), { executed, issues, cause: thrown });
}

/** A user's issues, brought into the form that the types promise. */
function issuesOf(issues: unknown): ParamsIssue[] {
  if (!Array.isArray(issues)) return [];
  return issues.filter((issue) => Array.isArray(issue?.path)).map(({ path, message }) => ({
    path: path.map((key: unknown) => Number.isFinite(key) ? key as number : messageOf(key)),
    message: messageOf(message),
  }));
}
