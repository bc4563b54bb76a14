import { type ErrorName, RpcError } from "../base/errors.ts";
import {
  messageMaxDefault,
  messageMaxLeast,
  nestingMax,
  oneStringBytesMax,
} from "../base/limits.ts";
import { type LentBytes, withEncoded } from "../base/spare_buffers.ts";
import type { Unprinted } from "./json.ts";
import type { LongLine, UnreadJson } from "./message.ts";
import { isNestedDeeper } from "./nesting.ts";

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

/** The bound on what is one string on its way, if the other end takes longer messages. */
export function withinOneString(bound: MessageBound): MessageBound {
  if (bound.bytes <= oneStringBytesMax) return bound;
  return { ...bound, bytes: oneStringBytesMax, whose: ofOneString };
}

const ofOneString =
  "for stream items, batches, inline procedures and programs of other languages, whatever " +
  "--message-max allows";

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

/** Returns the line, or throws if it is longer than the peer takes. */
export function notTooLong<Line extends string | LongLine>(
  line: Line,
  name: "InvalidParams" | "InternalError",
  subject: () => string,
  bound: MessageBound,
): Line {
  if (!isLonger(line, longestLineOf(bound))) return line;
  throw new TooLongError(name, subject(), byteLengthOf(line), bound);
}

/** Whether a line is longer than that on the wire. */
export function isLonger(line: string | LongLine, bytesMax: number): boolean {
  // No UTF-16 code unit takes more than three bytes, so only long lines need to be counted.
  return line.length > bytesMax || (line.length * 3 > bytesMax && byteLengthOf(line) > bytesMax);
}

/** A line's length on the wire. */
export function byteLengthOf(line: string | LongLine): number {
  if (typeof line === "string") return withEncoded(line, ({ length }) => length);
  const { head, body, tail } = line;
  const bodyBytes = typeof body === "string" ? byteLengthOf(body) : body.length;
  return byteLengthOf(head) + bodyBytes + byteLengthOf(tail);
}

/** From this length on JSON is not joined with its line: V8 would make a string of both first. */
export const apartLength = 4 * 1024;

/** A line around JSON. */
export function around<Json extends UnreadJson>(
  json: Json,
  head: string,
  tail: string,
): string | LongLine<Json> {
  if (typeof json === "string" && json.length < apartLength) return head + json + tail;
  return { head, body: json, tail, length: head.length + json.length + tail.length };
}

/**
 * Returns the line around a JSON text, or throws if the peer would not take it.
 *
 * @param levels how deep the JSON may nest. Answers leave one level for the array of a batch
 */
export function fitting(
  head: string,
  json: string | LentBytes | Unprinted,
  tail: string,
  name: "InvalidParams" | "InternalError",
  subject: () => string,
  levels: number,
  bound: MessageBound,
): string | LongLine {
  const isUnprinted = typeof json === "object" && "unprinted" in json;
  if (isUnprinted && json.unprinted !== "too deep") {
    throw new TooLongError(name, subject(), head.length + json.unprinted + tail.length, bound);
  }
  if (isUnprinted || (typeof json === "string" && isNestedDeeper(json, levels))) {
    throw new RpcError(name, `${subject()} nested too deep: a message has ${nestingMax} levels`);
  }
  return notTooLong(around(json, head, tail), name, subject, bound);
}
