/** What a peer is told, and what is logged, when a connection comes to a bound. */

import { RpcError } from "../../base/errors.ts";
import type { LogFields } from "../../base/log.ts";
import type { BudgetNumbers } from "../../base/bounds/budget.ts";
import type { Stall } from "./peer_watch.ts";

/** Why an answer or an item was not kept. */
export const leavesTooMuch = "the client leaves too many answers unread";

/** Why a connection was closed. */
export const stallReasons: Readonly<Record<Stall, string>> = {
  unread: "The peer does not read its answers",
  line: "The peer does not end its line",
  idle: "Nothing came for a long time",
};

const tooLong = "those of all connections are too long together";

/** What a peer is told when there is no room or no time for it. */
export const refusals = {
  request: new RpcError("Overloaded", `Cannot take a request as long as this one: ${tooLong}`),
  partialLine: new RpcError("Overloaded", `Cannot wait for the end of this line: ${tooLong}`),
  idle: new RpcError("Overloaded", "Closed a connection on which nothing came for a long time"),
};

/** What the log says of a connection that had to end because of what all take together. */
export function roomFields(
  peer: string,
  kind: "partialLines" | "unread",
  { heldBytes, stuckMs, totalBytes, bytesMax }: BudgetNumbers,
): LogFields {
  return { peer, kind, bytes: heldBytes, stuckMs: Math.round(stuckMs), totalBytes, bytesMax };
}
