/** What has to be known of long text, whether it is text or the bytes of one. */

import { RpcError } from "../../base/errors.ts";
import type { LongLine, UnreadJson } from "../message.ts";
import { decodedStrictly, decoder, lookBytes, replacementMark } from "../lines.ts";
import { Brackets, isOneValue } from "../nesting.ts";

/** The first of it, so many characters or bytes. */
export function beginningOf(text: UnreadJson, length: number): string {
  return textBetween(text, 0, length);
}

/** So much of its beginning, to be shown. */
export function shownOf(text: UnreadJson, length: number): string {
  // None of them has more than three bytes.
  const shown = typeof text === "string"
    ? text
    : decoder.decode(text.bytes.subarray(0, length * 3));
  return shown.slice(0, length);
}

/** Whether text has a byte for each character. */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** The last of it, as {@link beginningOf} the first. */
export function endingOf(text: UnreadJson, length: number): string {
  return textBetween(text, Math.max(0, text.length - length), text.length);
}

function textBetween(text: UnreadJson, start: number, end: number): string {
  return typeof text === "string"
    ? text.slice(start, end)
    : decoder.decode(text.bytes.subarray(start, end));
}

/** From `start` to `end`, in the same memory. */
export function partOf(text: UnreadJson, start: number, end: number): UnreadJson {
  return typeof text === "string" ? text.slice(start, end) : text.part(start, end);
}

/** As text; ParseError if it is not UTF-8. */
export function lineText(text: UnreadJson): string | RpcError {
  if (typeof text === "string") return text;
  const decoded = decoder.decode(text.bytes);
  return decoded.includes(replacementMark) ? decodedStrictly(text.bytes) : decoded;
}

/**
 * {@link lineText} of what has to be UTF-8.
 *
 * @throws {RpcError} ParseError: it is not
 */
export function textOf(unread: UnreadJson): string {
  const text = lineText(unread);
  if (text instanceof RpcError) throw text;
  return text;
}

/** A whole line as text. What is in it has been looked at: it is UTF-8. */
export function textOfLine(line: string | LongLine): string {
  return typeof line === "string" ? line : line.head + textOf(line.body) + line.tail;
}

/** Whether a part is one value as {@link isOneValue} says, and UTF-8. */
export function isOneValueIn(
  text: UnreadJson,
  start: number,
  end: number,
  levels: number,
): boolean {
  if (typeof text === "string") return isOneValue(text.slice(start, end), levels);
  const brackets = new Brackets(levels, true);
  for (let at = start; at < end;) {
    const next = characterStart(text.bytes, Math.min(at + lookBytes, end), end);
    const decoded = decoder.decode(text.bytes.subarray(at, next));
    if (decoded.includes(replacementMark) || !brackets.pass(decoded)) return false;
    at = next;
  }
  return brackets.haveEnded;
}

/** The same place, or a little before if that is within a character. */
function characterStart(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return at;
  // A character has four bytes at the most. What has more is no UTF-8, wherever it is cut.
  for (let start = at; start > at - 4; start--) {
    if (((bytes[start] ?? 0) & 0xc0) !== 0x80) return start;
  }
  return at;
}
