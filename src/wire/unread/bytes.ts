/** The same questions about long text, whether it is a string or still bytes. */

import { RpcError } from "../../base/errors.ts";
import type { LentBytes } from "../../base/spare_buffers.ts";
import type { LongWork } from "../../base/system/give_way.ts";
import { firstWanted, type Wanted } from "../../base/values/byte_search.ts";
import type { LongLine, UnreadJson } from "../message.ts";
import { decodedStrictly, decoder, lookBytes, replacementMark } from "../lines.ts";
import { Brackets, isOneValue } from "../nesting.ts";

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

/** What ends a text, or has to be decoded to be judged: not ASCII, the quote, the backslash. */
const unlikeText: Wanted = { low: 0x20, span: 0x7f - 0x20, one: 0x22, other: 0x5c };

/**
 * The first part that is decoded, and the first one after a long text, is not longer: most often
 * such a text begins or ends there, and goes on or has gone on for long. Each next one is twice as
 * long, up to {@link lookBytes}.
 */
const firstLookBytes = 1024;

/** After so many bytes of text, parts begin to be short again. */
const longTextBytes = 4 * firstLookBytes;

/** Looks through bytes, one part after the other. */
class Look {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #brackets: Brackets;
  #at: number;
  /** Length of the next part that is decoded. */
  #nextBytes = firstLookBytes;
  #isBroken = false;

  constructor(bytes: Uint8Array, start: number, end: number, levels: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#brackets = new Brackets(levels, true);
  }

  /** Whether all of it is one value, as far as has been seen. */
  get isOneValue(): boolean {
    return !this.#isBroken && this.#brackets.haveEnded;
  }

  /** Looks at the next part, and returns its length. 0: there is no more to see. */
  goOn(): number {
    const start = this.#at;
    if (start >= this.#end || this.#isBroken) return 0;
    if (this.#brackets.isWithinText) {
      this.#passText();
      if (this.#at - start >= longTextBytes) this.#nextBytes = firstLookBytes;
    }
    // What was passed may be all that one part may have.
    const most = Math.min(this.#nextBytes, start + lookBytes - this.#at);
    if (most > 0 && this.#at < this.#end) this.#decode(most);
    return this.#at - start;
  }

  /** Passes what goes on within a text, up to what has to be decoded. */
  #passText(): void {
    const start = this.#at;
    const end = Math.min(start + lookBytes, this.#end);
    const found = firstWanted(this.#bytes, start, end, unlikeText);
    this.#at = found === -1 ? end : found;
  }

  #decode(most: number): void {
    const next = characterStart(this.#bytes, Math.min(this.#at + most, this.#end), this.#end);
    const decoded = decoder.decode(this.#bytes.subarray(this.#at, next));
    this.#isBroken = decoded.includes(replacementMark) || !this.#brackets.pass(decoded);
    this.#at = next;
    this.#nextBytes = Math.min(2 * this.#nextBytes, lookBytes);
  }
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
