/** Finds where the long part of a message lies, without reading it. */

import { methodLengthMax, oneStringBytesMax } from "../../base/limits.ts";
import { Cursor, endOfParams, requestOf } from "../fast_path.ts";
import type { Id, Request, UnreadJson } from "../message.ts";
import { soundRequest } from "../requests/request_checks.ts";
import { reservedPrefix } from "../reserved.ts";
import { beginningOf, endingOf, isAscii } from "./bytes.ts";

/** Shorter lines are parsed: that costs little beside the rest of what a message costs. */
const unreadLengthMin = 256;

/** What comes before parameters or a result is shorter than this. */
const headLengthMax = methodLengthMax + 128;

/** What comes after them is shorter than this. */
const tailLengthMax = 64;

/** The same of the longest messages, which may have any `meta`. */
const longTailLengthMax = 1024;

const metaOpening = ',"meta":{';

/** Where parameters or a result begin and end in their line. */
interface Frame {
  readonly start: number;
  readonly end: number;
}

/** Where the parameters of a request are; `undefined`: it is short, or of another form. */
export function requestFrame(
  line: UnreadJson,
): Frame & { readonly request: Request } | undefined {
  if (line.length < unreadLengthMin) return undefined;
  const cursor = new Cursor(beginningOf(line, headLengthMax));
  const head = cursor.requestHead();
  if (head === undefined || head.method.startsWith(reservedPrefix)) return undefined;
  // The cursor counts characters, and `partOf` counts bytes: they agree only for ASCII.
  if (typeof line !== "string" && !isAscii(head.method)) return undefined;
  if (!cursor.take(',"params":')) return undefined;
  const start = cursor.at;
  if (!cursor.take("[") && !cursor.take("{")) return undefined;
  const tail = endingOf(line, tailLengthMax);
  const after = new Cursor(tail);
  after.at = endOfParams(tail, 0);
  // Counted from the end, since only ASCII comes after the parameters.
  const end = line.length - (tail.length - after.at);
  const request = requestOf(head.id, head.method, undefined, after);
  if (request !== undefined) return { request, start, end };
  return line.length > oneStringBytesMax ? frameBeforeMeta(line, head, start) : undefined;
}

/** The same with any `meta`, in a line that is too long to be read. */
function frameBeforeMeta(
  line: UnreadJson,
  head: Pick<Request, "id" | "method">,
  start: number,
): ReturnType<typeof requestFrame> {
  const tail = endingOf(line, longTailLengthMax);
  const at = tail.lastIndexOf(metaOpening);
  const after = tail.slice(at);
  if (at === -1 || !isAscii(after) || !after.endsWith("}")) return undefined;
  try {
    const meta: unknown = JSON.parse(after.slice(metaOpening.length - 1, -1));
    const request = soundRequest({ jsonrpc: "2.0", ...head, meta });
    return request && { request, start, end: line.length - after.length };
  } catch {
    return undefined;
  }
}

/** Where the result of an answer is; `undefined`: it is short, or of another form. */
export function resultFrame(line: UnreadJson): Frame & { readonly id: number } | undefined {
  if (line.length < unreadLengthMin || endingOf(line, 1) !== "}") return undefined;
  const cursor = new Cursor(beginningOf(line, headLengthMax));
  const id = cursor.answerHead();
  return id === undefined ? undefined : { id, start: cursor.at, end: line.length - 1 };
}

/** The id of a request or an answer in our form; `null`: it has another one, or no id. */
export function idAtBeginning(line: UnreadJson): Id {
  const beginning = beginningOf(line, headLengthMax);
  const [, id] = /^\{"jsonrpc":"2\.0","id":(\d{1,15}),/.exec(beginning) ?? [];
  return id === undefined ? null : Number(id);
}
