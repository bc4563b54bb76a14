import { addedToMessageBytesMax } from "./limits.ts";
import { boundOfServer, type MessageBound } from "../wire/message_bound.ts";

/**
 * The environment variable with a worker's bound on messages. It is that of the setting, so that
 * calls by a procedure have the same bound.
 */
export const messageMaxVariable = "RPC_MESSAGE_MAX";

/** The bound on a worker's messages, as its process knows it. */
export function boundOfWorker(): MessageBound {
  const said = Deno.env.get(messageMaxVariable);
  return boundBehindServer(said === undefined ? undefined : Number(said));
}

/**
 * The bound on messages between a server and its worker: callers and servers frame them otherwise,
 * so only the server can tell whether what a caller gets is too long.
 */
export function boundBehindServer(messageMax: number | undefined): MessageBound {
  return { ...boundOfServer(messageMax), addedBytes: addedToMessageBytesMax };
}
