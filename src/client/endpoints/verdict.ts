import { RpcError } from "../../base/errors.ts";

/**
 * What the end of a call tells of its server: it answered, it was too slow, it is overloaded, it
 * failed a call that another server might have carried out, or nothing.
 */
type Verdict = "answered" | "late" | "overloaded" | "failed" | "nothing";

/**
 * A server's clock may go a little faster: its DeadlineExceeded after this share of a call's time
 * is believed.
 */
const deadlineShareMin = 0.9;

/**
 * Judges a server by the end of a call. An early error does not count as an answer, since failing
 * fast is no merit.
 *
 * An error may tell of another server, if a procedure let it through. So a DeadlineExceeded before
 * the deadline is not late, and a Draining means nothing: a server sends `rpc.goaway` before it
 * refuses calls.
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

/** Whether a server refuses this caller. */
export function isRefusal(error: unknown): error is RpcError {
  return error instanceof RpcError &&
    (error.name === "Unauthenticated" || error.name === "PermissionDenied");
}
