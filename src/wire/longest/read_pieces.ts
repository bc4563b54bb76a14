import { RpcError } from "../../base/errors.ts";
import { jsonValuesMax, nestingMax, textLengthMax } from "../../base/limits.ts";
import { firstWanted, type Wanted } from "../../base/values/byte_search.ts";
import { parseExactly } from "../exact_json.ts";
import type { ReadOptions } from "../json.ts";
import { utf8Text } from "../unread/bytes.ts";

/** What is JSON, and JavaScript cannot hold. The message says what, as the object of a sentence. */
export class UnheldError extends Error {}

/** About so many bytes are parsed at once. */
const pieceBytesDefault = 8 * 1024 * 1024;

/** So many bytes of a text are looked at one by one before the rest is searched. */
const nearBytes = 128;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openingBracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const openingBrace = 0x7b;
const closingBrace = 0x7d;
const letterU = 0x75;

/** What may end a text, or hides its end. */
const inTexts: Wanted = { low: 0, span: 0xff, one: quote, other: backslash };
const backslashes: Wanted = { low: 0, span: 0xff, one: backslash, other: backslash };

/**
 * Reads a JSON value from its bytes, which may be longer than V8's longest string: members of the
 * outer arrays and objects are parsed many at a time, and long texts are put together. The value is
 * what `parseExactly` would return.
 *
 * @throws {RpcError} ParseError: it is no JSON, or nested too deep
 * @throws {UnheldError} JavaScript cannot hold it
 */
export function readPieces(
  bytes: Uint8Array,
  options?: ReadOptions,
): unknown {
  try {
    return new PiecesReader(bytes, options).read();
  } catch (cause) {
    if (cause instanceof SyntaxError) throw notJson(cause);
    throw cause;
  }
}

class PiecesReader {
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  readonly #textMax: number;
  readonly #valuesMax: number;
  #at = 0;
  #valuesLeft: number;

  constructor(bytes: Uint8Array, options: ReadOptions = {}) {
    const { pieceBytes, textMax, valuesMax } = options;
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes ?? pieceBytesDefault;
    this.#textMax = textMax ?? textLengthMax;
    this.#valuesMax = this.#valuesLeft = valuesMax ?? jsonValuesMax;
  }

  read(): unknown {
    const value = this.#value(0);
    this.#skipBlanks();
    if (this.#at < this.#bytes.length) throw notJson();
    return value;
  }

  #value(depth: number): unknown {
    this.#skipBlanks();
    switch (this.#bytes[this.#at]) {
      case openingBracket:
        return this.#array(depth + 1);
      case openingBrace:
        return this.#object(depth + 1);
      case quote:
        return this.#text();
      default:
        return this.#scalar();
    }
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = [];
    const take = (items: string) => {
      const parsed = parseExactly(`[${items}]`) as unknown[];
      for (const item of parsed) array.push(item);
      return parsed.length;
    };
    this.#members(depth, closingBracket, take, () => array.push(this.#value(depth)));
    return array;
  }

  #object(depth: number): object {
    const object: Record<string, unknown> = {};
    const take = (members: string) => {
      const parsed = Object.entries(parseExactly(`{${members}}`) as object);
      for (const [name, value] of parsed) setMember(object, name, value);
      return parsed.length;
    };
    this.#members(depth, closingBrace, take, () => {
      if (this.#bytes[this.#at] !== quote) throw notJson();
      const name = this.#text();
      this.#skipBlanks();
      if (this.#bytes[this.#at++] !== colon) throw notJson();
      setMember(object, name, this.#value(depth));
    });
    return object;
  }

  /**
   * Reads the members of an array or an object, and its brackets.
   *
   * @param take takes members as JSON, and returns how many they are
   * @param takeLong takes a member that is longer than a piece, and begins here
   */
  #members(
    depth: number,
    closing: number,
    take: (members: string) => number,
    takeLong: () => void,
  ): void {
    if (depth > nestingMax) throw tooDeep();
    this.#at++;
    for (let isFirst = true;; isFirst = false) {
      this.#skipBlanks();
      const end = this.#endOfPiece(depth);
      if (end === undefined) {
        takeLong();
        this.#skipBlanks();
      } else {
        const isBlank = take(textBetween(this.#bytes, this.#at, end)) === 0;
        this.#at = end;
        if (isBlank && !(isFirst && this.#bytes[end] === closing)) throw notJson();
      }
      const byte = this.#bytes[this.#at++];
      if (byte === closing) return;
      if (byte !== comma) throw notJson();
    }
  }

  /**
   * Behind the last of the next members that are a piece together; `undefined`: the next one is
   * longer than that by itself.
   */
  #endOfPiece(depth: number): number | undefined {
    const bytes = this.#bytes;
    const enough = this.#at + this.#pieceBytes;
    let open = 0;
    let values = 1;
    let found: { readonly at: number; readonly values: number } | undefined;
    for (let at = this.#at; at < bytes.length; at++) {
      if (at >= enough) break;
      const byte = bytes[at] as number;
      if (byte === quote) {
        at = this.#endOfText(at + 1);
      } else if (byte === comma) {
        if (open === 0) found = { at, values };
        values++;
      } else if (byte === openingBracket || byte === openingBrace) {
        if (depth + ++open > nestingMax) throw tooDeep();
        values++;
      } else if (byte === closingBracket || byte === closingBrace) {
        if (--open < 0) {
          found = { at, values };
          break;
        }
      }
    }
    this.#count(found?.values ?? 1);
    return found?.at;
  }

  #count(values: number): void {
    this.#valuesLeft -= values;
    if (this.#valuesLeft >= 0) return;
    throw new UnheldError(
      `more than ${this.#valuesMax} values: pass them in parts, or as a stream`,
    );
  }

  /** Where the quote is that ends the text which goes on at `start`. */
  #endOfText(start: number): number {
    for (let at = start;;) {
      const found = this.#next(inTexts, at, this.#bytes.length);
      if (found === -1) throw notJson();
      if (this.#bytes[found] === quote) return found;
      at = found + 2;
    }
  }

  #next(wanted: Wanted, start: number, end: number): number {
    const { one, other } = wanted;
    const near = Math.min(start + nearBytes, end);
    for (let at = start; at < near; at++) {
      const byte = this.#bytes[at];
      if (byte === one || byte === other) return at;
    }
    return near === end ? -1 : firstWanted(this.#bytes, near, end, wanted);
  }

  #text(): string {
    const start = this.#at + 1;
    const end = this.#endOfText(start);
    const parts: string[] = [];
    let length = 0;
    for (let at = start; at < end;) {
      const next = this.#endOfTextPiece(at, end);
      const part: string = JSON.parse(`"${textBetween(this.#bytes, at, next)}"`);
      length += part.length;
      if (length > this.#textMax) throw tooLong(end - start, this.#textMax);
      parts.push(part);
      at = next;
    }
    this.#at = end + 1;
    return parts.join("");
  }

  /** Where a piece of a text ends: not within an escape or a character. */
  #endOfTextPiece(start: number, end: number): number {
    const enough = start + this.#pieceBytes;
    if (enough >= end) return end;
    for (let at = start; at < enough;) {
      const found = this.#next(backslashes, at, enough);
      if (found === -1) break;
      at = found + (this.#bytes[found + 1] === letterU ? 6 : 2);
      if (at >= enough) return Math.min(at, end);
    }
    let at = enough;
    while (at < end && ((this.#bytes[at] as number) & 0xc0) === 0x80) at++;
    return at;
  }

  #scalar(): unknown {
    const start = this.#at;
    while (this.#at < this.#bytes.length && !endsScalar(this.#bytes[this.#at] as number)) {
      this.#at++;
    }
    return parseExactly(textBetween(this.#bytes, start, this.#at));
  }

  #skipBlanks(): void {
    while (isBlank(this.#bytes[this.#at])) this.#at++;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function endsScalar(byte: number): boolean {
  return byte === comma || byte === closingBracket || byte === closingBrace || isBlank(byte);
}

/** As `JSON.parse` does: a member of any name is the object's own. */
function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") object[name] = value;
  else {
    const own = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(object, name, own);
  }
}

function textBetween(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > textLengthMax) throw notJson();
  const text = utf8Text(bytes.subarray(start, end));
  if (text instanceof RpcError) throw text;
  return text;
}

function notJson(cause?: unknown): RpcError {
  return new RpcError("ParseError", "Cannot read a line that is not JSON", { cause });
}

function tooDeep(): RpcError {
  return new RpcError("ParseError", `Cannot take JSON nested deeper than ${nestingMax} levels`);
}

function tooLong(bytes: number, textMax: number): UnheldError {
  return new UnheldError(
    `a text of ${bytes} bytes as JSON, and JavaScript holds ${textMax} characters: pass it ` +
      "in parts, as a list of texts or a stream",
  );
}
