/** The same questions about long text, whether it is a string or still bytes. */

import { RpcError } from "../../base/errors.ts";
import type { LentBytes } from "../../base/spare_buffers.ts";
import type { LongWork } from "../../base/system/give_way.ts";
import type { LongLine, UnreadJson } from "../message.ts";
import { decodedStrictly, decoder, lookBytes, replacementMark } from "../lines.ts";
import { isOneValue } from "../nesting.ts";
import { Brackets } from "./brackets.ts";

/** Its first characters, or the text of its first bytes. */
export function beginningOf(text: UnreadJson, length: number): string {
  return textBetween(text, 0, length);
}

/** Its first characters, to be shown. */
export function shownOf(text: UnreadJson, length: number): string {
  // No UTF-16 code unit takes more than three bytes.
  const shown = typeof text === "string"
    ? text
    : decoder.decode(text.bytes.subarray(0, length * 3));
  return shown.slice(0, length);
}

/** Whether each character of a text is one byte. */
export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** As {@link beginningOf}, for the end. */
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
  return typeof text === "string" ? text : utf8Text(text.bytes);
}

/** Bytes as text; ParseError if they are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | RpcError {
  const decoded = decoder.decode(bytes);
  return decoded.includes(replacementMark) ? decodedStrictly(bytes) : decoded;
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

/** A whole line as text. Its body was checked before, so it is UTF-8. */
export function textOfLine(line: string | LongLine): string {
  return typeof line === "string" ? line : line.head + textOf(line.body) + line.tail;
}

/** Whether a part is UTF-8 and one value as {@link isOneValue} means it. */
export function isOneValueIn(
  text: UnreadJson,
  start: number,
  end: number,
  levels: number,
): boolean {
  if (typeof text === "string") return isOneValue(text.slice(start, end), levels);
  const look = new Look(text.bytes, start, end, levels);
  while (look.goOn() > 0);
  return look.isOneValue;
}

/** {@link isOneValueIn} in steps, so that other connections run between them. */
export async function isOneValueInTurns(
  { bytes }: LentBytes,
  start: number,
  end: number,
  levels: number,
  pauses: LongWork,
): Promise<boolean> {
  const look = new Look(bytes, start, end, levels);
  for (let looked = look.goOn(); looked > 0; looked = look.goOn()) {
    const pause = pauses.after(looked);
    if (pause !== undefined) await pause;
  }
  return look.isOneValue;
}

/** Looks through bytes, one part after the other. */
class Look {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #brackets: Brackets;
  #at: number;
  #isBroken = false;

  constructor(bytes: Uint8Array, start: number, end: number, levels: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#brackets = new Brackets(levels);
  }

  /** Whether all of it is one value, as far as has been seen. */
  get isOneValue(): boolean {
    return !this.#isBroken && this.#brackets.haveEnded;
  }

  /** Looks at the next part, and returns its length. 0: there is no more to see. */
  goOn(): number {
    const start = this.#at;
    if (start >= this.#end || this.#isBroken) return 0;
    const next = characterStart(this.#bytes, Math.min(start + lookBytes, this.#end), this.#end);
    this.#isBroken = !this.#brackets.pass(this.#bytes, start, next) ||
      (!this.#brackets.isAscii && !isUtf8(this.#bytes.subarray(start, next)));
    this.#at = next;
    return next - start;
  }
}

/** Whether whole characters are UTF-8, as far as this tells without a doubt. */
function isUtf8(bytes: Uint8Array): boolean {
  return !decoder.decode(bytes).includes(replacementMark);
}

/** The same index, or the start of the character that it is within. */
function characterStart(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return at;
  // A character has at most four bytes. Anything longer is not UTF-8, wherever it is cut.
  for (let start = at; start > at - 4; start--) {
    if (((bytes[start] ?? 0) & 0xc0) !== 0x80) return start;
  }
  return at;
}
