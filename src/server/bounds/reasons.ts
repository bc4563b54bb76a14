/** The messages for peers and for the log when a connection reaches a bound. */

import { RpcError } from "../../base/errors.ts";
import type { LogFields } from "../../base/log.ts";
import type { BudgetNumbers } from "../../base/bounds/budget.ts";
import type { Stall } from "./peer_watch.ts";

/** Why an answer or an item was dropped. */
export const leavesTooMuch = "the client leaves too many answers unread";

/** Why a connection was closed. */
export const stallReasons: Readonly<Record<Stall, string>> = {
  unread: "The peer does not read its answers",
  line: "The peer does not end its line",
  idle: "Nothing came for a long time",
};

const tooLong = "those of all connections are too long together";

/** The errors for a peer for whom there is no room or no time. */
export const refusals = {
  request: new RpcError("Overloaded", `Cannot take a request as long as this one: ${tooLong}`),
  partialLine: new RpcError("Overloaded", `Cannot wait for the end of this line: ${tooLong}`),
  idle: new RpcError("Overloaded", "Closed a connection on which nothing came for a long time"),
};

/** The log's fields for a connection that was closed because all together took too much. */
export function roomFields(
  peer: string,
  kind: "partialLines" | "unread",
  { heldBytes, stuckMs, totalBytes, bytesMax }: BudgetNumbers,
): LogFields {
  return { peer, kind, bytes: heldBytes, stuckMs: Math.round(stuckMs), totalBytes, bytesMax };
}
