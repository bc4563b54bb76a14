/** The first message of a connection to a server that wants to know who calls. */

import { messageOf, RpcError } from "../base/errors.ts";
import { greetingBytesMax } from "../base/limits.ts";
import { joined } from "../base/values/bytes.ts";
import { decodeReply, isResponse, toRpcError } from "./codec.ts";
import { FirstLines } from "./first_lines.ts";
import type { Params } from "./message.ts";
import { reservedMethods } from "./reserved.ts";

/** A byte stream in both directions. */
interface Stream {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** What a client says. */
interface Hello {
  /** The service whose calls follow: a server of another one must not get them. */
  readonly service: string;
  /** A secret that a server on this machine left in a file which only its user can read. */
  readonly secret?: string | undefined;
}

/** What a server answers. */
export interface Welcome {
  /** The server's name. */
  readonly server: string;
  /** Who the server takes the caller for. */
  readonly caller: string;
  /** What the caller may do. */
  readonly rights: string;
}

/** No call has this id: those are numbers. */
const helloId = "hello";

/**
 * Greets a server. Returns its answer and the stream to go on with, which begins with what arrived
 * besides the answer.
 *
 * @throws {RpcError} the server refuses, or its answer cannot be understood
 */
export async function greet<Kind extends Stream>(
  stream: Kind,
  hello: Hello,
): Promise<{ readonly welcome: Welcome; readonly stream: Stream }> {
  // A server that refuses its caller does so without having read a word, and hangs up: only who
  // reads meanwhile is sure to learn of it. What cannot be written has ended what is read, too.
  writeAll(stream, encodeHello(hello)).catch(() => {});
  const lines = new FirstLines(stream, greetingBytesMax);
  let beside = "";
  while (true) {
    const line = await nextLine(lines);
    const result = answerIn(line);
    if (result !== undefined) {
      return { welcome: readWelcome(result), stream: prefixed(beside, lines.rest, stream) };
    }
    beside += `${line}\n`;
  }
}

async function nextLine(lines: FirstLines): Promise<string> {
  const line = await lines.next();
  if (line !== undefined) return line;
  const what = lines.isTooLong ? "it answers the greeting at length" : "it hung up on the greeting";
  throw new RpcError("Unavailable", what);
}

/** The greeting as a line. */
function encodeHello({ service, secret }: Hello): string {
  const params: Params = secret === undefined ? { service } : { service, secret };
  return `${
    JSON.stringify({ jsonrpc: "2.0", id: helloId, method: reservedMethods.hello, params })
  }\n`;
}

/** The result of the answer to the greeting; `undefined` if the line is something else. */
function answerIn(line: string): unknown {
  let message: ReturnType<typeof decodeReply>;
  try {
    message = decodeReply(line);
  } catch (error) {
    throw new RpcError("Unavailable", messageOf(error), { cause: error });
  }
  if (!isResponse(message)) return undefined;
  // An error without an id concerns the connection as a whole.
  if (message.error !== undefined) throw toRpcError(message.error);
  return message.id === helloId ? message.result ?? {} : undefined;
}

function readWelcome(result: unknown): Welcome {
  const { server, caller, rights } = result as Readonly<Record<string, unknown>>;
  return { server: textOf(server), caller: textOf(caller), rights: textOf(rights) };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

async function writeAll(stream: Stream, line: string): Promise<void> {
  const bytes = new TextEncoder().encode(line);
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}

/** The stream with what was already read from it, a text and the bytes after it, put back. */
function prefixed(text: string, rest: Uint8Array, stream: Stream): Stream {
  let prefix: Uint8Array = joined([new TextEncoder().encode(text), rest]);
  if (prefix.length === 0) return stream;
  return {
    read(buffer) {
      if (prefix.length === 0) return stream.read(buffer);
      const part = prefix.subarray(0, buffer.length);
      buffer.set(part);
      prefix = prefix.subarray(part.length);
      return Promise.resolve(part.length);
    },
    write: (bytes) => stream.write(bytes),
    close: () => stream.close(),
  };
}
