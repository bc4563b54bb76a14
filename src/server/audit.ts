import type { Clock } from "../base/clock.ts";
import type { RequestTaker } from "./tracing.ts";

/** One call, as it is written down: who, from where, what, and how it ended. Never with what. */
export interface AuditEntry {
  /** The name in the caller's certificate; `undefined` without keys. */
  readonly caller: string | undefined;
  /** The address that it came from. */
  readonly from: string;
  readonly method: string;
  /** `ok`, or the error's name. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** Where calls are written down. It may not throw. */
export type Audit = (entry: AuditEntry) => void;

/**
 * Writes down each call of one connection when it has ended, also those that were refused. The
 * protocol's own methods (`rpc.ping` and the like) are not written down.
 *
 * It wraps all the rest, so a server without an audit pays nothing for it.
 */
export function withAudit(
  audit: Audit,
  clock: Clock,
  from: string,
  next: RequestTaker,
): RequestTaker {
  return {
    dispatch(request, reply, peer) {
      const { method } = request;
      if (method.startsWith("rpc.")) return next.dispatch(request, reply, peer);
      const startedAtMs = clock.now();
      const ended = (outcome: string) => {
        const durationMs = clock.now() - startedAtMs;
        audit({ caller: peer.name, from, method, outcome, durationMs });
      };
      return next.dispatch(request, {
        stream: reply.stream,
        succeed(result) {
          ended("ok");
          reply.succeed(result);
        },
        succeedWithJson(result) {
          ended("ok");
          reply.succeedWithJson(result);
        },
        fail(error) {
          ended(error.name);
          reply.fail(error);
        },
      }, peer);
    },
  };
}
