/** One visit to one member: from opening a connection to its end. */

import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { HostPort } from "../base/names/host_port.ts";
import { Connection, type TlsOptions } from "./connection.ts";
import { ZooKeeperError } from "./errors.ts";
import { CutFrame } from "./frames.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { JuteReader } from "./jute.ts";
import { decodeConnect, type SessionGrant } from "./protocol.ts";

/** Whom to visit, and what to do there. */
interface VisitOptions {
  readonly member: HostPort;
  readonly clock: Clock;
  readonly tls: TlsOptions | undefined;
  readonly frameBytesMax: number;
  /** The connect request: the session to resume, or none. */
  readonly hello: Uint8Array;
  /** How long the member may take to answer `hello`. */
  readonly handshakeLimitMs: number;
  /** Ends the visit. */
  readonly signal: AbortSignal;
  /** Called when `hello` is on its way. */
  readonly onAsked: () => void;
  /** Called when the member serves the session: requests may be sent. */
  readonly onGranted: (grant: SessionGrant, connection: Connection) => void;
  /** Takes each payload after that. If it throws, the visit ends. */
  readonly onFrame: (frame: Uint8Array | CutFrame) => void;
}

/** How a visit ended. */
export type Visit =
  /** The member did not serve a session. `hungUp`: it closed the connection without an answer. */
  | {
    readonly kind: "unreachable";
    readonly reason: string;
    readonly hungUp: boolean;
    readonly cause?: unknown;
  }
  /** The member says that the session is over. */
  | { readonly kind: "expired" }
  /** The member served the session, then the connection ended. Times are by the clock's `now`. */
  | {
    readonly kind: "lost";
    readonly error: ZooKeeperError;
    readonly lastedMs: number;
    readonly lastReceivedAt: number;
  };

const hungUp: Visit = {
  kind: "unreachable",
  hungUp: true,
  reason: "hung up without an answer: it is not serving, or its data is older than ours",
};

/** The same on a plain connection, where a member that expects TLS also hangs up. */
const hungUpOnPlain: Visit = {
  ...hungUp,
  reason:
    "hung up without an answer: it is not serving, its data is older than ours, or it speaks " +
    "TLS there (then write zookeepers://)",
};

/** Connects to a member, and stays for as long as the connection lasts. Never rejects. */
export async function visit(options: VisitOptions): Promise<Visit> {
  const { member, clock, tls, frameBytesMax, hello, handshakeLimitMs, signal } = options;
  const end = new AbortController();
  const endWith = (reason: string) => end.abort(new ZooKeeperError("CONNECTION_LOSS", reason));
  const leave = () => end.abort(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  const limit = clock.after(
    handshakeLimitMs,
    () => endWith(`no answer within ${Math.round(handshakeLimitMs)} ms`),
  );
  let connection: Connection | undefined;
  try {
    connection = await Connection.open(member, { clock, tls, frameBytesMax, signal: end.signal });
    connection.send(hello);
    // It is written in a microtask.
    queueMicrotask(options.onAsked);
    const frames = connection.frames();
    const first = await frames.next();
    limit.cancel();
    if (first.done === true) return tls === undefined ? hungUpOnPlain : hungUp;
    if (first.value instanceof CutFrame) throw new Error("answered with more than an answer has");
    const grant = decodeConnect(new JuteReader(first.value));
    if (grant.timeoutMs <= 0) return { kind: "expired" };
    return await stay(options, grant, connection, frames, endWith);
  } catch (error) {
    return { kind: "unreachable", hungUp: false, reason: messageOf(error), cause: error };
  } finally {
    limit.cancel();
    signal.removeEventListener("abort", leave);
    connection?.close();
  }
}

async function stay(
  options: VisitOptions,
  grant: SessionGrant,
  connection: Connection,
  frames: AsyncGenerator<Uint8Array | CutFrame, void>,
  endWith: (reason: string) => void,
): Promise<Visit> {
  const { clock, onGranted, onFrame } = options;
  const startedAt = clock.now();
  const heartbeat = startHeartbeat({
    clock,
    connection,
    sessionTimeoutMs: grant.timeoutMs,
    onSilent: (silentMs) => endWith(`the server was silent for ${Math.round(silentMs)} ms`),
  });
  let error = new ZooKeeperError("CONNECTION_LOSS", "the server ended the connection");
  try {
    onGranted(grant, connection);
    for await (const frame of frames) onFrame(frame);
  } catch (thrown) {
    error = thrown instanceof ZooKeeperError
      ? thrown
      : new ZooKeeperError("CONNECTION_LOSS", messageOf(thrown), thrown);
  } finally {
    heartbeat.cancel();
  }
  const { lastReceivedAt } = connection;
  return { kind: "lost", error, lastedMs: clock.now() - startedAt, lastReceivedAt };
}
