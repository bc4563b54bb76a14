/** Finds where the long part of a message lies, without reading it. */

import { methodLengthMax } from "../../base/limits.ts";
import { Cursor, endOfParams, requestOf } from "../fast_path.ts";
import type { Request, UnreadJson } from "../message.ts";
import { reservedPrefix } from "../reserved.ts";
import { beginningOf, endingOf, isAscii } from "./bytes.ts";

/** Shorter lines are parsed: that costs little beside the rest of what a message costs. */
const unreadLengthMin = 256;

/** What comes before parameters or a result is shorter than this. */
const headLengthMax = methodLengthMax + 128;

/** What comes after them is shorter than this. */
const tailLengthMax = 64;

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
  return request && { request, start, end };
}

/** Where the result of an answer is; `undefined`: it is short, or of another form. */
export function resultFrame(line: UnreadJson): Frame & { readonly id: number } | undefined {
  if (line.length < unreadLengthMin || endingOf(line, 1) !== "}") return undefined;
  const cursor = new Cursor(beginningOf(line, headLengthMax));
  const id = cursor.answerHead();
  return id === undefined ? undefined : { id, start: cursor.at, end: line.length - 1 };
}
