/**
 * Messages of which the long part is not read: it is passed on as it came, to a worker or to a
 * client (docs/adr/0034-long-values-pass-unread.md). Of a very long line that is its bytes,
 * which never become text here.
 */

import { RpcError } from "../../base/errors.ts";
import { methodLengthMax, nestingMax } from "../../base/limits.ts";
import { Cursor, endOfParams, parsed, requestOf } from "../fast_path.ts";
import type { Params, UnreadJson, UnreadRequest } from "../message.ts";
import { reservedPrefix } from "../reserved.ts";
import { beginningOf, endingOf, isAscii, isOneValueIn, partOf, textOf } from "./bytes.ts";

/** To read what is shorter takes no time beside the rest of what a message takes. */
const unreadLengthMin = 256;

/** What stands before parameters or a result is shorter. */
const headLengthMax = methodLengthMax + 128;

/** And so is what comes after them. */
const tailLengthMax = 64;

/**
 * A request whose parameters are long, which are not read. `undefined` if the line is short or has
 * another form, or if its parameters are no one array or object, nested no deeper than they may be.
 * So nothing in them can be taken for a part of the message around them, whether or not they are
 * JSON, which remains to be seen.
 */
export function readRequestUnread(line: UnreadJson): UnreadRequest | undefined {
  if (line.length < unreadLengthMin) return undefined;
  const cursor = new Cursor(beginningOf(line, headLengthMax));
  const head = cursor.requestHead();
  if (head === undefined || head.method.startsWith(reservedPrefix)) return undefined;
  // What is counted in characters here is counted in bytes then.
  if (typeof line !== "string" && !isAscii(head.method)) return undefined;
  if (!cursor.take(',"params":')) return undefined;
  const start = cursor.at;
  if (!cursor.take("[") && !cursor.take("{")) return undefined;
  const tail = endingOf(line, tailLengthMax);
  const after = new Cursor(tail);
  after.at = endOfParams(tail, 0);
  // From its end: what comes after parameters is ASCII.
  const end = line.length - (tail.length - after.at);
  const request = requestOf(head.id, head.method, undefined, after);
  if (request === undefined || !isOneValueIn(line, start, end, nestingMax - 1)) return undefined;
  return { ...request, unread: partOf(line, start, end) };
}

/**
 * The parameters, read after all.
 *
 * @throws {RpcError} ParseError: they are not JSON
 */
export function readParams(unread: UnreadJson): Params {
  const text = textOf(unread);
  const params = parsed(text, 0, text.length);
  if (params !== undefined) return params as Params;
  throw new RpcError("ParseError", "Cannot read a line that is not JSON");
}

/** How an answer with a long result begins and ends, of which that is not read. */
interface UnreadResult {
  readonly id: number;
  /** JSON, as far as its brackets or quotes say. */
  readonly json: UnreadJson;
}

/**
 * As {@link readRequestUnread}, for an answer with a long result: an array, an object or a string.
 */
export function readResultUnread(line: UnreadJson): UnreadResult | undefined {
  if (line.length < unreadLengthMin || endingOf(line, 1) !== "}") return undefined;
  const cursor = new Cursor(beginningOf(line, headLengthMax));
  const id = cursor.answerHead();
  if (id === undefined) return undefined;
  const start = cursor.at;
  const end = line.length - 1;
  return isOneValueIn(line, start, end, nestingMax - 2)
    ? { id, json: partOf(line, start, end) }
    : undefined;
}
