/**
 * Long texts as values, printed and read without `JSON.stringify` and `JSON.parse`. These make the
 * memory of each text anew, several times over, and of a text of megabytes its pages cost more than
 * all else (docs/adr/0053-long-texts-are-copied-once.md). What has the slightest other form is left
 * to them.
 */

import { RpcError } from "../../base/errors.ts";
import { oneStringBytesMax } from "../../base/limits.ts";
import { LentBytes, spareBuffers } from "../../base/spare_buffers.ts";
import { firstWanted, lacksWanted, type Wanted } from "../../base/values/byte_search.ts";
import {
  encodeJsonResult,
  encodeResult,
  encodeUnreadRequest,
  longTextLength,
  requestLine,
  type RequestOptions,
  resultLine,
} from "../codec.ts";
import { longestMessages, type Refusal } from "../json.ts";
import { decoder, replacementMark } from "../lines.ts";
import type { Id, LongLine, Params, Request, Response } from "../message.ts";
import { apartLength, type MessageBound } from "../message_bound.ts";
import { textOf } from "./bytes.ts";
import { requestFrame, resultFrame } from "./frames.ts";

/** Longer lists are left to JSON: each of their texts would be searched by itself. */
const itemsMax = 16;

/** Where most texts that need escapes have the first one. */
const beginningLength = 1024;

/** A text in a read of many is long if it has not ended after so many bytes. */
const shortTextBytes = 512;

/** What ends a text in JSON or cannot stand in it as it is: controls, the quote, the backslash. */
const special: Wanted = { low: 0x20, span: 0xff - 0x20, one: 0x22, other: 0x5c };
const escaped = /[^ !#-[\]-\uffff]/;

/** Numbers that are the same however they are read. */
const plainScalar = /^(?:true|false|null|0|-?[1-9][0-9]{0,14})$/;
const plainScalarLengthMax = 16;

/** What comes before a text. No method's name has it, since its quotes are escaped. */
const paramsOpening = ',"params":["';
const resultOpening = ',"result":"';

const quote = 0x22;
const comma = 0x2c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;

const encoder = new TextEncoder();

/** {@link requestLine}, whose long texts are bytes already if they can be. */
export function requestLineOfTexts(
  id: number,
  method: string,
  params: Params | undefined,
  timeoutMs: number | undefined,
  options: RequestOptions | undefined,
  bound: MessageBound,
): string | LongLine {
  const printed = hasLongText(params) ? printTexts(params, bound.bytes) : undefined;
  if (printed === undefined) {
    if (beginsWithText(params)) {
      const [text, ...others] = params;
      const line = requestLine(id, method, ["", ...others], timeoutMs, options, bound);
      const long = withText(line, paramsOpening, text, bound);
      if (long !== undefined) return long;
    }
    return requestLine(id, method, params, timeoutMs, options, bound);
  }
  try {
    return encodeUnreadRequest(id, method, printed, timeoutMs, options, bound);
  } catch (error) {
    printed.letGo();
    throw error;
  }
}

/** {@link resultLine}, in which a long text is bytes already if it can be. */
export function resultLineOfText(id: Id, result: unknown, bound: MessageBound): string | LongLine {
  const printed = isLongText(result) && needsNoEscapes(result)
    ? printParts(['"', result, '"'], bound.bytes)
    : undefined;
  if (printed === undefined) {
    return isMiddleText(result) &&
        withText(encodeResult(id, "", bound), resultOpening, result, bound) ||
      resultLine(id, result, bound);
  }
  try {
    return encodeJsonResult(id, printed, bound);
  } catch (error) {
    printed.letGo();
    throw error;
  }
}

/** Whether parameters are a list whose first item is such a text, and whose others are scalars. */
function beginsWithText(params: Params | undefined): params is [string, ...unknown[]] {
  return Array.isArray(params) && params.length <= itemsMax && isMiddleText(params[0]) &&
    !("toJSON" in params) && params.every(isScalar);
}

/** Too short for a buffer of its own: it stays the string that it is until it leaves. */
function isMiddleText(value: unknown): value is string {
  return typeof value === "string" && value.length >= apartLength && value.length < longTextLength;
}

/**
 * A line with an empty text and another text in its place, which is not copied. `undefined`: it
 * needs escapes, or might be too long.
 */
function withText(
  line: string | LongLine,
  opening: string,
  text: string,
  { bytes: bytesMax }: MessageBound,
): LongLine | undefined {
  const length = line.length + text.length;
  if (typeof line !== "string" || length * 3 > bytesMax) return undefined;
  if ("toJSON" in String.prototype || lacksWanted(text, special) !== true) return undefined;
  const at = line.indexOf(opening) + opening.length;
  return { head: line.slice(0, at), body: text, tail: line.slice(at), length };
}

function hasLongText(params: Params | undefined): params is unknown[] {
  return Array.isArray(params) && params.length <= itemsMax && params.some(isLongText);
}

function isLongText(value: unknown): value is string {
  return typeof value === "string" && value.length >= longTextLength;
}

/** Whether a text is printed as it is, as far as its beginning tells. */
function needsNoEscapes(text: string): boolean {
  return !("toJSON" in String.prototype) && !escaped.test(text.slice(0, beginningLength));
}

function printTexts(params: readonly unknown[], bytesMax: number): LentBytes | undefined {
  if ("toJSON" in params) return undefined;
  const parts: string[] = [];
  for (const item of params) {
    parts.push(parts.length === 0 ? "[" : ",");
    if (isLongText(item)) {
      if (!needsNoEscapes(item)) return undefined;
      parts.push('"', item, '"');
    } else {
      if (!isScalar(item)) return undefined;
      parts.push(JSON.stringify(item));
    }
  }
  parts.push("]");
  return printParts(parts, bytesMax);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === "boolean" || typeof value === "string" ||
    (typeof value === "number" && Number.isFinite(value));
}

function printParts(parts: readonly string[], bytesMax: number): LentBytes | undefined {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > bytesMax) return undefined;
  // Most long texts are ASCII, so room for one byte a character comes first.
  const printed = printInto(spareBuffers.take(length), parts);
  if (printed !== "no room") return printed;
  return printInto(spareBuffers.take(length * 3), parts) as LentBytes | undefined;
}

/** @returns `undefined` if a text needs escapes */
function printInto(
  buffer: Uint8Array<ArrayBuffer>,
  parts: readonly string[],
): LentBytes | undefined | "no room" {
  let at = 0;
  for (const part of parts) {
    const { read, written } = encoder.encodeInto(part, buffer.subarray(at));
    const hasRoom = read === part.length;
    if (!hasRoom || !isPrinted(buffer, at, at + written, part)) {
      spareBuffers.give(buffer);
      return hasRoom ? undefined : "no room";
    }
    at += written;
  }
  return new LentBytes(buffer.subarray(0, at));
}

/** Whether these bytes are what JSON would write for a part. Only long parts are in question. */
function isPrinted(bytes: Uint8Array, start: number, end: number, part: string): boolean {
  if (part.length < longTextLength) return true;
  // Half of a pair of surrogates has no bytes in UTF-8, and JSON escapes it.
  const isWhole = end - start === part.length || part.isWellFormed();
  return isWhole && firstWanted(bytes, start, end, special) === -1;
}

/**
 * A request whose parameters are a list with a long text; `undefined`: it is something else. What
 * is longer than one string may be is read, or refused.
 */
export function readTextRequest(line: LentBytes): Request | Refusal | undefined {
  const frame = requestFrame(line);
  const params = frame && readTexts(line.bytes, frame.start, frame.end);
  if (params !== undefined) return { ...(frame as NonNullable<typeof frame>).request, params };
  return line.length > oneStringBytesMax ? longestMessages()?.readRequest(line) : undefined;
}

/**
 * A line that is let go of: an answer whose result is a long text, or whatever else it is as text.
 * What is longer than one string may be is read.
 *
 * @throws {RpcError} ParseError: it is not UTF-8
 */
export function readTextLine(line: LentBytes): Response | Request | string {
  try {
    const response = readTextResult(line);
    if (response !== undefined) return response;
    return line.length > oneStringBytesMax ? readLongest(line) : textOf(line);
  } finally {
    line.letGo();
  }
}

function readLongest(line: LentBytes): Response | Request {
  const read = longestMessages()?.readReply(line);
  if (read !== undefined) return read;
  throw new RpcError("InvalidRequest", `it sent a message of ${line.length} bytes unasked`);
}

/** An answer whose result is a long text; `undefined`: it is something else. */
function readTextResult(line: LentBytes): Response | undefined {
  const frame = resultFrame(line);
  if (frame === undefined || line.bytes[frame.start] !== quote) return undefined;
  const end = firstWanted(line.bytes, frame.start + 1, frame.end, special);
  if (end !== frame.end - 1 || line.bytes[end] !== quote) return undefined;
  const result = decoded(line.bytes, frame.start + 1, end);
  return result === undefined ? undefined : { jsonrpc: "2.0", id: frame.id, result };
}

/** A long text that begins here, and where its quote is; `undefined`: others have to read it. */
export function textAt(
  bytes: Uint8Array,
  start: number,
): { readonly text: string; readonly end: number } | undefined {
  // Many shorter ones are read faster as one text.
  if (bytes.length - start < apartLength) return undefined;
  if (bytes.subarray(start, start + shortTextBytes).includes(quote)) return undefined;
  const end = firstWanted(bytes, start, bytes.length, special);
  const text = bytes[end] === quote ? decoded(bytes, start, end) : undefined;
  return text === undefined ? undefined : { text, end };
}

function readTexts(bytes: Uint8Array, start: number, end: number): unknown[] | undefined {
  if (bytes[start] !== openingBracket || bytes[end - 1] !== closingBracket) return undefined;
  const items: unknown[] = [];
  let at = start;
  while (items.length < itemsMax) {
    at++;
    let next: number;
    if (bytes[at] === quote) {
      const last = firstWanted(bytes, at + 1, end, special);
      if (bytes[last] !== quote) return undefined;
      const text = decoded(bytes, at + 1, last);
      if (text === undefined) return undefined;
      items.push(text);
      next = last + 1;
    } else {
      next = endOfScalar(bytes, at);
      const text = decoder.decode(bytes.subarray(at, next));
      if (!plainScalar.test(text)) return undefined;
      items.push(JSON.parse(text));
    }
    if (next === end - 1) return items;
    if (bytes[next] !== comma) return undefined;
    at = next;
  }
  return undefined;
}

function endOfScalar(bytes: Uint8Array, start: number): number {
  const end = start + plainScalarLengthMax;
  for (let at = start; at < end; at++) {
    if (bytes[at] === comma || bytes[at] === closingBracket) return at;
  }
  return end;
}

/** As text; `undefined` if it is not UTF-8, or might not be. */
function decoded(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > oneStringBytesMax) return undefined;
  const text = decoder.decode(bytes.subarray(start, end));
  return text.includes(replacementMark) ? undefined : text;
}
