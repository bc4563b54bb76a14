import { boundOfServer, type MessageBound } from "../wire/message_bound.ts";

/**
 * The environment variable with a worker's bound on messages. It is that of the setting, so that
 * calls by a procedure have the same bound.
 */
export const messageMaxVariable = "RPC_MESSAGE_MAX";

/** The bound on a worker's messages. */
export function boundOfWorker(): MessageBound {
  const said = Deno.env.get(messageMaxVariable);
  return boundOfServer(said === undefined ? undefined : Number(said));
}
