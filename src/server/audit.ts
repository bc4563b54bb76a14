import type { Clock } from "../base/clock.ts";
import { reservedMethods, reservedPrefix } from "../wire/reserved.ts";
import type { RequestTaker } from "./tracing.ts";

/** One call in the audit: who called what from where, and how it ended. Never the parameters. */
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

/** Takes each call. It must not throw. */
export type Audit = (entry: AuditEntry) => void;

/**
 * Audits each call of one connection when it has ended, including refused ones. Of the protocol's
 * own methods only `rpc.override` is taken, by which operators change a server's share; `rpc.ping`
 * and the like are left out.
 *
 * This layer is above the gate, which refuses, and costs nothing on a server without an audit.
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
      if (!isAudited(method)) return next.dispatch(request, reply, peer);
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

function isAudited(method: string): boolean {
  return method === reservedMethods.override || !method.startsWith(reservedPrefix);
}
