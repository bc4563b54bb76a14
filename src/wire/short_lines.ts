/**
 * The fastest path of reading: short messages in exactly the form that `codec.ts` writes are read
 * from the bytes of a read, without a string for each line. Most reads hold nothing else. Whatever
 * deviates, from there to the end of the read, is cut into lines and read by `fast_path.ts` or
 * `JSON.parse`; a test holds all ways to the same messages.
 */

import { callTimeoutMsMax, methodLengthMax } from "../base/limits.ts";
import { type AnyLine, decoder, lineFeed, type LineSplitter, replacementMark } from "./lines.ts";
import type { Params, Request, Response } from "./message.ts";

/** Longer lines are left to others: parameters past this length are not parsed. */
const bytesMax = 255;

/** Most digits of a number that is read here: all such numbers are exact. */
const digitsMax = 15;

/** V8 copies slices of up to this length; a longer one would keep the whole read in memory. */
const copiedLengthMax = 12;

const zero = 0x30;
const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;
const asciiMax = 0x7f;
const comma = 0x2c;
const closingBracket = 0x5d;
const closingBrace = 0x7d;

const utf8 = new TextEncoder();

/** A text that is compared with bytes. */
class Pattern {
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(text: string) {
    this.#bytes = utf8.encode(text);
    this.length = this.#bytes.length;
  }

  isAt(at: number, bytes: Uint8Array): boolean {
    const own = this.#bytes;
    for (let i = 0; i < own.length; i++) if (bytes[at + i] !== own[i]) return false;
    return true;
  }
}

const head = new Pattern('{"jsonrpc":"2.0","id":');
const methodOpening = new Pattern(',"method":"');
const paramsOpening = new Pattern(',"params":[');
const metaOpening = new Pattern(',"meta":{"timeoutMs":');
const resultOpening = new Pattern(',"result":');

/** A method's name, and its bytes. */
interface Name {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/**
 * Names that were read lately. The same string each time is found in a table of methods without
 * counting its hash anew.
 */
const names: (Name | undefined)[] = new Array(16).fill(undefined);

/** A request that was read from bytes. */
export class ShortRequest implements Request {
  readonly jsonrpc = "2.0";
  readonly id: number;
  readonly method: string;
  readonly params: Params | undefined;
  readonly meta: { readonly timeoutMs: number } | undefined;
  /** Of its line without the LF. */
  readonly length: number;

  constructor(
    id: number,
    method: string,
    params: Params | undefined,
    meta: { readonly timeoutMs: number } | undefined,
    length: number,
  ) {
    this.id = id;
    this.method = method;
    this.params = params;
    this.meta = meta;
    this.length = length;
  }
}

/**
 * Takes the next bytes of a server's input: short requests are read, and the rest is cut into lines
 * as by {@link LineSplitter.pushLong}.
 */
export function requestsAndLines(
  splitter: LineSplitter,
  chunk: Uint8Array,
): readonly (ShortRequest | AnyLine)[] {
  if (!splitter.isWhole(chunk)) return splitter.pushLong(chunk);
  const reader = new ShortLines(chunk);
  const requests: (ShortRequest | AnyLine)[] = [];
  for (let next = reader.request(); next !== undefined; next = reader.request()) {
    requests.push(next);
  }
  if (!reader.isAtEnd) requests.push(...splitter.pushLong(reader.rest));
  return requests;
}

/** The same for a client's input: short answers, and lines as `linesOf` cuts them. */
export function answersAndLines(
  splitter: LineSplitter,
  chunk: Uint8Array,
  linesOf: (splitter: LineSplitter, chunk: Uint8Array) => AnyLine[],
): readonly (Response | AnyLine)[] {
  if (!splitter.isWhole(chunk)) return linesOf(splitter, chunk);
  const reader = new ShortLines(chunk);
  const answers: (Response | AnyLine)[] = [];
  for (let next = reader.answer(); next !== undefined; next = reader.answer()) answers.push(next);
  if (!reader.isAtEnd) answers.push(...linesOf(splitter, reader.rest));
  return answers;
}

/** Reads whole lines, one after the other, until one has another form. */
class ShortLines {
  readonly #bytes: Uint8Array;
  /** Where the next line begins. */
  #start = 0;
  /** Where what was read last has ended. */
  #at = 0;
  /** All the bytes as text, once a part of it is needed; empty if its indices are not the same. */
  #text: string | undefined;

  /** @param bytes whole lines; the last byte is the last LF */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#start === this.#bytes.length;
  }

  /** From the first line on that was not read. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#start);
  }

  /** The next line, if it is an answer with a short string or a whole number. */
  answer(): Response | undefined {
    const id = this.#head(resultOpening);
    if (id === undefined) return undefined;
    const result = this.#scalar();
    if (result === undefined || !this.#takeByte(closingBrace) || !this.#takeByte(lineFeed)) {
      return undefined;
    }
    this.#start = this.#at;
    return { jsonrpc: "2.0", id, result };
  }

  /** The next line, if it is a request with such parameters by position, or with none. */
  request(): ShortRequest | undefined {
    const id = this.#head(methodOpening);
    if (id === undefined) return undefined;
    const method = this.#name();
    if (method === undefined) return undefined;
    let params: (string | number)[] | undefined;
    if (this.#take(paramsOpening)) {
      params = this.#scalars();
      if (params === undefined) return undefined;
    }
    let meta: { timeoutMs: number } | undefined;
    if (this.#take(metaOpening)) {
      const timeoutMs = this.#number();
      if (timeoutMs === undefined || timeoutMs > callTimeoutMsMax) return undefined;
      if (!this.#takeByte(closingBrace)) return undefined;
      meta = { timeoutMs };
    }
    if (!this.#takeByte(closingBrace) || !this.#takeByte(lineFeed)) return undefined;
    const length = this.#at - 1 - this.#start;
    if (length > bytesMax) return undefined;
    this.#start = this.#at;
    return new ShortRequest(id, method, params, meta, length);
  }

  /** Reads the beginning of a line, and returns the id in it. */
  #head(next: Pattern): number | undefined {
    this.#at = this.#start;
    if (!this.#take(head)) return undefined;
    const id = this.#number();
    return id !== undefined && this.#take(next) ? id : undefined;
  }

  #take(pattern: Pattern): boolean {
    const end = this.#at + pattern.length;
    if (end > this.#bytes.length || !pattern.isAt(this.#at, this.#bytes)) return false;
    this.#at = end;
    return true;
  }

  #takeByte(byte: number): boolean {
    // The last byte of all is a line feed, after which nothing is taken.
    return this.#bytes[this.#at++] === byte;
  }

  /** Reads a whole number that is not negative. */
  #number(): number | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let value = 0;
    // The line feed at the very end is no digit.
    while (true) {
      const digit = bytes[at] as number - zero;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const length = at - start;
    if (length === 0 || length > digitsMax || (length > 1 && bytes[start] === zero)) {
      return undefined;
    }
    this.#at = at;
    return value;
  }

  #scalar(): string | number | undefined {
    return this.#bytes[this.#at] === quote ? this.#string() : this.#number();
  }

  /** Reads the rest of an array of short strings and whole numbers. */
  #scalars(): (string | number)[] | undefined {
    if (this.#bytes[this.#at] === closingBracket) {
      this.#at++;
      return [];
    }
    const first = this.#scalar();
    if (first === undefined) return undefined;
    // An array that grows from nothing has room for 17 from its first item on.
    const scalars = [first];
    while (true) {
      const byte = this.#bytes[this.#at++];
      if (byte === closingBracket) return scalars;
      if (byte !== comma || scalars.length > bytesMax) return undefined;
      const next = this.#scalar();
      if (next === undefined) return undefined;
      scalars.push(next);
    }
  }

  /** Reads a short string in which nothing is escaped. */
  #string(): string | undefined {
    const start = this.#at + 1;
    const end = this.#endOfString(start, copiedLengthMax);
    if (end === -1) return undefined;
    this.#at = end + 1;
    return this.#slice(start, end);
  }

  /** Reads the rest of a method's name. */
  #name(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    const end = this.#endOfString(start, methodLengthMax);
    if (end === -1) return undefined;
    this.#at = end + 1;
    const place = (end - start + (bytes[start] as number)) % names.length;
    const known = names[place];
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.text;
    const own = bytes.slice(start, end);
    const text = decoder.decode(own);
    names[place] = { bytes: own, text };
    return text;
  }

  /** The index of the closing quote of ASCII without escapes, or -1. */
  #endOfString(start: number, lengthMax: number): number {
    const bytes = this.#bytes;
    const last = Math.min(start + lengthMax, bytes.length - 1);
    for (let at = start; at <= last; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) return at;
      if (byte < space || byte > asciiMax || byte === backslash) return -1;
    }
    return -1;
  }

  #slice(start: number, end: number): string | undefined {
    this.#text ??= this.#decode();
    return this.#text === "" ? undefined : this.#text.slice(start, end);
  }

  #decode(): string {
    const text = decoder.decode(this.#bytes);
    const isByteEach = text.length === this.#bytes.length && !text.includes(replacementMark);
    return isByteEach ? text : "";
  }
}

function isSame(one: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (one.length !== end - start) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== bytes[start + i]) return false;
  return true;
}
