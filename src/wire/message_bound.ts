import { type ErrorName, RpcError } from "../base/errors.ts";
import { messageMaxDefault, messageMaxLeast } from "../base/limits.ts";

/** A bound on messages. */
export interface MessageBound {
  /** In bytes, LF included. */
  readonly bytes: number;
  /**
   * How much longer a line may be that is not what its peer gets in the end, in bytes. @default 0
   */
  readonly addedBytes?: number;
  /** Whose bound it is and where it is set, for error messages. */
  readonly whose: string;
}

/** A message is longer than whoever it is for takes. Nothing of it was sent. */
export class TooLongError extends RpcError {
  /** The length of the message, LF included. */
  readonly bytes: number;
  readonly #subject: string;

  /** @param subject such as `Cannot call fib: its parameters are` */
  constructor(name: ErrorName, subject: string, bytes: number, bound: MessageBound) {
    super(name, `${subject} ${bytes} bytes long, and ${bound.bytes} is the most ${bound.whose}`);
    this.bytes = bytes;
    this.#subject = subject;
  }

  /** The same of another bound. */
  of(bound: MessageBound): TooLongError {
    return new TooLongError(this.name, this.#subject, this.bytes, bound);
  }
}

/** The longest line within a bound, in bytes. */
export function longestLineOf({ bytes, addedBytes = 0 }: MessageBound): number {
  return bytes + addedBytes;
}

/** What sets a server's bound. */
const ofServers = "(rpc serve --message-max, or messageMax)";

/** The bound of a server: what it takes, and what it and its workers send. */
export function boundOfServer(bytes = messageMaxDefault): MessageBound {
  return { bytes, whose: `that this server takes and sends ${ofServers}` };
}

/** The bound of another server, by its address. */
export function boundOfServerAt(address: string, bytes: number): MessageBound {
  return { bytes, whose: `that ${address} takes ${ofServers}` };
}

/** The largest bound of several other servers, by the address of the one that has it. */
export function boundOfServers(address: string, bytes: number): MessageBound {
  return { bytes, whose: `that any server takes, the one at ${address} ${ofServers}` };
}

/** The bound of the client at the other end. */
function boundOfCaller(bytes: number): MessageBound {
  // It may be a command, or a program in TypeScript or Python: a server cannot tell.
  const whose =
    "that its caller takes (--message-max of rpc call, gateway or mcp, messageMax or message_max)";
  return { bytes, whose };
}

/**
 * The bound of a client that asks what a server offers.
 *
 * @param said what the client takes. `undefined`: it has not said. It is of a version before that
 * could be said, and ends its connection at a message of more than everybody takes
 * @param ownBytes what the server takes and sends
 */
export function boundOfPeer(said: number | undefined, ownBytes: number): MessageBound {
  if (said !== undefined) return said < ownBytes ? boundOfCaller(said) : boundOfServer(ownBytes);
  const whose = "that a caller is sent who has not said what it takes (messageMax of rpc.discover)";
  return { bytes: messageMaxLeast, whose };
}

/** The bound of a gateway. */
export function boundOfGateway(bytes = messageMaxDefault): MessageBound {
  return { bytes, whose: "that this gateway takes and sends (rpc gateway --message-max)" };
}
