/** Keeps a session alive and notices a server that has gone silent. */

import type { Clock, Timer } from "../base/clock.ts";
import type { Connection } from "./connection.ts";
import { encodePing } from "./protocol.ts";

/** What {@link startHeartbeat} needs. */
interface HeartbeatOptions {
  readonly clock: Clock;
  readonly connection: Pick<Connection, "lastSentAt" | "lastReceivedAt" | "send">;
  /** The negotiated session timeout. */
  readonly sessionTimeoutMs: number;
  /** Called when nothing was received for {@link readTimeoutShare} of the session timeout. */
  readonly onSilent: (silentMs: number) => void;
}

/** A ping goes out after this share of the session timeout without a request. */
const pingShare = 1 / 3;

/**
 * After this share of the session timeout without a byte, the server counts as gone. A ping was
 * sent after a third and had a third to be answered; the last third is left to find another member.
 */
const readTimeoutShare = 2 / 3;

/** How many times it looks in a session timeout. */
const checksPerTimeout = 12;

/** Pings while the connection is idle, until cancelled. */
export function startHeartbeat(options: HeartbeatOptions): Timer {
  const { clock, connection, sessionTimeoutMs, onSilent } = options;
  const periodMs = sessionTimeoutMs / checksPerTimeout;
  let checkedAt = clock.now();
  return clock.every(periodMs, () => {
    const now = clock.now();
    // If this process stalled, answers may wait unread in the socket: look again next time.
    const stalled = now - checkedAt > 2 * periodMs;
    checkedAt = now;
    const silentMs = now - connection.lastReceivedAt;
    if (silentMs > sessionTimeoutMs * readTimeoutShare && !stalled) onSilent(silentMs);
    else if (now - connection.lastSentAt > sessionTimeoutMs * pingShare) {
      connection.send(encodePing());
    }
  });
}
