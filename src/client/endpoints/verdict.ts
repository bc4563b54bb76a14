import { RpcError } from "../../base/errors.ts";

/**
 * What the end of a call says of its server: it did its part, it was too slow, it has too much to
 * do, it failed a call that another one might have carried out, or nothing.
 */
type Verdict = "answered" | "late" | "overloaded" | "failed" | "nothing";

/**
 * A server's clock may go a little faster: what it answers after this share of a call's time is in
 * time.
 */
const deadlineShareMin = 0.9;

/**
 * Judges by the end of a call. An early error is no answer: failing fast is no merit.
 *
 * An error may be about another server, whose error a procedure has let through. So a
 * DeadlineExceeded before the deadline is no lateness, and a Draining marks nobody: before a server
 * refuses calls it says `rpc.goaway`.
 */
export function verdictOf(
  error: RpcError | undefined,
  { tookMs, hadMs }: { readonly tookMs: number; readonly hadMs: number },
): Verdict {
  if (error === undefined || error.executed === "yes") return "answered";
  switch (error.name) {
    case "DeadlineExceeded":
      return tookMs >= hadMs * deadlineShareMin ? "late" : "failed";
    case "Overloaded":
      return "overloaded";
    case "Draining":
    case "WorkerLost":
      return "failed";
    default:
      return "nothing";
  }
}

/** Whether a server, or what leads to it, says that this caller may not call. */
export function isRefusal(error: unknown): error is RpcError {
  return error instanceof RpcError &&
    (error.name === "Unauthenticated" || error.name === "PermissionDenied");
}
