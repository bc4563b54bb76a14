import { messageMaxDefault } from "../base/limits.ts";

/** The longest message that somebody takes. */
export interface MessageBound {
  /** In bytes, LF included. */
  readonly bytes: number;
  /** Whose bound it is, and where it is set, for who has made something that is longer. */
  readonly whose: string;
}

/** What a server takes, and what its workers and it make. */
export function boundOfServer(bytes = messageMaxDefault): MessageBound {
  return { bytes, whose: "that this server takes and sends (rpc serve --message-max)" };
}

/** What the server at an address takes. */
export function boundOfServerAt(address: string, bytes: number): MessageBound {
  return { bytes, whose: `that ${address} takes (rpc serve --message-max)` };
}

/** What the client at the other end takes. */
export function boundOfCaller(bytes: number): MessageBound {
  return { bytes, whose: "that its caller takes (--message-max of rpc call or rpc gateway)" };
}

/** What a gateway takes and sends. */
export function boundOfGateway(bytes = messageMaxDefault): MessageBound {
  return { bytes, whose: "that this gateway takes and sends (rpc gateway --message-max)" };
}
