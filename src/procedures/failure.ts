import {
  type Executed,
  isOutcome,
  isRpcError,
  messageOf,
  type ParamsIssue,
  RpcError,
} from "../base/errors.ts";

/**
 * The error that a call ends in whose procedure threw, which therefore ran: InternalError, with
 * what was thrown as its cause. Of an {@link RpcError} that says something of another call, and
 * nothing of this one: passed on as it is, an Overloaded of somebody else would have the call sent
 * again.
 *
 * InvalidParams is the one thing that a procedure can say itself: of its parameters it knows best,
 * and who sent them must mend them. Not so where it is what a call that the procedure made has
 * ended in.
 */
export function toFailure(method: string, thrown: unknown): RpcError {
  if (!isRpcError(thrown)) {
    return new RpcError("InternalError", `${method} failed: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if (isOwnRefusal(thrown)) return refusal(thrown, "yes");
  return new RpcError("InternalError", `${method} failed: ${thrown.name}: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}

/**
 * As {@link toFailure}, for what was thrown while the parameters were checked: one that refuses
 * them has not begun. Not everything thrown is ours, since a schema may have functions of its
 * user's.
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

/** A user's issues as the types promise them, whatever they are. */
function issuesOf(issues: unknown): ParamsIssue[] {
  if (!Array.isArray(issues)) return [];
  return issues.filter((issue) => Array.isArray(issue?.path)).map(({ path, message }) => ({
    path: path.map((key: unknown) => Number.isFinite(key) ? key as number : messageOf(key)),
    message: messageOf(message),
  }));
}
