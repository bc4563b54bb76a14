import { boundOfServer, type MessageBound } from "../wire/message_bound.ts";

/**
 * Where a worker is told how long a message may be. The same name as of the setting, so that calls
 * which a procedure makes have the same bound.
 */
export const messageMaxVariable = "RPC_MESSAGE_MAX";

/** What a worker's server takes of it. */
export function boundOfWorker(): MessageBound {
  const said = Deno.env.get(messageMaxVariable);
  return boundOfServer(said === undefined ? undefined : Number(said));
}
