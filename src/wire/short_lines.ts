/**
 * The fastest path: short messages in exactly the form that `codec.ts` writes are read from the
 * bytes of a read, and requests written as bytes, without a string for each line. Most reads hold
 * nothing else. Whatever deviates, from there to the end of the read, is cut into lines and read by
 * `fast_path.ts` or `JSON.parse`; tests hold all ways to the same messages.
 */

import { callTimeoutMsMax, methodLengthMax } from "../base/limits.ts";
import { FixedText, isPlainText, isWritten, type LineBuffer } from "./buffers.ts";
import { type AnyLine, decoder, lineFeed, type LineSplitter, replacementMark } from "./lines.ts";
import type { Id, Params, Request, Response } from "./message.ts";
import type { longTextAt } from "./unread/long_texts.ts";

/** Longer lines are left to others: parameters past this length are not parsed. */
const bytesMax = 255;

/** Most digits of a number that is read here: all such numbers are exact. */
const digitsMax = 15;

/** V8 copies slices of up to this length; a longer one would keep the whole read in memory. */
const copiedLengthMax = 12;

/** Longest name of a method in what is written here, so that it is shorter than it may be. */
const writtenMethodMax = 64;

/** Most parameters, and the longest of them, likewise. */
const writtenParamsMax = 5;
const writtenTextMax = 64;

const zero = 0x30;
const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;
const asciiMax = 0x7f;
const comma = 0x2c;
const closingBracket = 0x5d;
const closingBrace = 0x7d;

const head = new FixedText('{"jsonrpc":"2.0","id":');
const methodOpening = new FixedText(',"method":"');
const paramsOpening = new FixedText(',"params":[');
const metaOpening = new FixedText(',"meta":{"timeoutMs":');
const resultOpening = new FixedText(',"result":');

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
  findText?: typeof longTextAt,
): readonly (Response | AnyLine)[] {
  if (!splitter.isWhole(chunk)) return linesOf(splitter, chunk);
  const reader = new ShortLines(chunk, findText);
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

  readonly #findText: typeof longTextAt | undefined;

  /** @param bytes whole lines; the last byte is the last LF */
  constructor(bytes: Uint8Array, findText?: typeof longTextAt) {
    this.#bytes = bytes;
    this.#findText = findText;
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
    const result = this.#scalar() ?? this.#longText();
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
  #head(next: FixedText): number | undefined {
    this.#at = this.#start;
    if (!this.#take(head)) return undefined;
    const id = this.#number();
    return id !== undefined && this.#take(next) ? id : undefined;
  }

  #take(pattern: FixedText): boolean {
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

  #longText(): string | undefined {
    const found = this.#bytes[this.#at] === quote && this.#findText?.(this.#bytes, this.#at + 1);
    if (found) this.#at = found.end + 1;
    return found ? found.text : undefined;
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

/** What stands between an id and the parameters of a method, or the end where there are none. */
interface Opening {
  readonly withParams: FixedText;
  readonly without: FixedText;
}

/** By methods' names. To make one takes as long as to write fifty requests. */
const openings = new Map<string, Opening>();

/** How many are kept. Past it all are forgotten, and made again. */
const openingsMax = 256;

/** Where lines go, as an `Outbox`. */
interface LineSink {
  /** What they are written to; `undefined`: only text can be written now. */
  readonly lines: LineBuffer | undefined;
  /** A line was written. */
  wrote(): void;
}

/**
 * Writes a request, if it is short and has whole numbers and short texts as parameters by position,
 * or none. Returns its length, or 0 if it has to be written as text.
 */
export function writeShortRequest(
  sink: LineSink,
  id: number,
  method: string,
  params: Params | undefined,
  timeoutMs: number,
): number {
  const opening = isWritten(id) && isWritten(timeoutMs) ? openingOf(method) : undefined;
  const into = opening && sink.lines;
  if (opening === undefined || into === undefined) return 0;
  const start = into.end;
  let end = into.number(into.copy(start, head), id);
  if (params === undefined) end = into.copy(end, opening.without);
  else {
    try {
      end = writeScalars(into, into.copy(end, opening.withParams), params);
    } catch {
      // What is wrong with them is told on the way by text.
      end = -1;
    }
    if (end === -1) return 0;
  }
  end = into.number(into.copy(end, metaOpening), timeoutMs);
  end = into.byte(into.byte(into.byte(end, closingBrace), closingBrace), lineFeed);
  return wrote(sink, into, end);
}

/** Writes an answer, if it is a whole number or a short text, as {@link writeShortRequest} does. */
export function writeShortResult(sink: LineSink, id: Id, result: unknown): number {
  const into = typeof id === "number" && isWritten(id) ? sink.lines : undefined;
  if (into === undefined) return 0;
  const start = into.number(into.copy(into.end, head), id as number);
  const end = writeScalar(into, into.copy(start, resultOpening), result);
  if (end === -1) return 0;
  return wrote(sink, into, into.byte(into.byte(end, closingBrace), lineFeed));
}

function wrote(sink: LineSink, into: LineBuffer, end: number): number {
  const length = end - into.end;
  into.end = end;
  sink.wrote();
  return length;
}

/** `undefined`: the name is written as text. */
function openingOf(method: string): Opening | undefined {
  const known = openings.get(method);
  if (known !== undefined) return known;
  if (method.length > writtenMethodMax || !isPlainText(method)) return undefined;
  if (openings.size >= openingsMax) openings.clear();
  const text = `,"method":"${method}"`;
  const opening = { withParams: new FixedText(`${text},"params":[`), without: new FixedText(text) };
  openings.set(method, opening);
  return opening;
}

/** Writes the rest of an array of whole numbers and short texts, or returns -1. */
function writeScalars(into: LineBuffer, at: number, params: Params): number {
  if (!Array.isArray(params) || params.length > writtenParamsMax || "toJSON" in params) return -1;
  let end = at;
  for (let i = 0; i < params.length; i++) {
    if (i > 0) end = into.byte(end, comma);
    end = writeScalar(into, end, params[i]);
    if (end === -1) return -1;
  }
  return into.byte(end, closingBracket);
}

function writeScalar(into: LineBuffer, at: number, value: unknown): number {
  if (typeof value === "number") return isWritten(value) ? into.number(at, value) : -1;
  return typeof value === "string" && value.length <= writtenTextMax ? into.text(at, value) : -1;
}
