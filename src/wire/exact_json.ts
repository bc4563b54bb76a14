/** JSON whose numbers stay as they were written: who only passes a value on must not round it. */

import { RpcError } from "../base/errors.ts";
import {
  exactNumber,
  isKept,
  withPlainNumbers,
  withRoundedNumbers,
} from "../base/values/exact_numbers.ts";
import { endOfString, hasPlainNumbers } from "./nesting.ts";
import { reservedPrefix } from "./reserved.ts";

/** JavaScript keeps all digits of decimals up to this length. */
const plainLengthMax = 15;

const quote = 0x22;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;

/** As `JSON.parse`, but numbers that JavaScript would change are kept as they were written. */
export function parseExactly(text: string): unknown {
  if (hasOnlyNumbers(isPlain, text)) return JSON.parse(text);
  const value = JSON.parse(text);
  // For many long fractions this is the quickest proof; spaces in the text defeat it.
  if (JSON.stringify(value) === text || isExactAnyway(text)) return value;
  return JSON.parse(text, keepNumber as Reviver);
}

/** Whether JavaScript keeps all numbers in a JSON text. For other text the answer is arbitrary. */
export function isExactAnyway(text: string): boolean {
  return hasOnlyNumbers(
    (text, start, end) => isPlain(text, start, end) || isKept(text.slice(start, end)),
    text,
  );
}

function hasOnlyNumbers(
  isGood: (text: string, start: number, end: number) => boolean,
  text: string,
): boolean {
  if (hasPlainNumbers(text)) return true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) i = endOfString(text, i + 1);
    else if (code === minus || (code >= zero && code <= nine)) {
      const end = endOfNumber(text, i);
      if (!isGood(text, i, end)) return false;
      i = end - 1;
    }
  }
  return true;
}

/** Where the number at `start` ends: at the first character that no number has. */
function endOfNumber(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= zero && code <= nine) continue;
    // "+", "-", ".", "E" and "e".
    if (code === 0x2b || code === minus || code === point || code === 0x45 || code === 0x65) {
      continue;
    }
    return i;
  }
  return text.length;
}

/** Whether a number is a short plain decimal, which JavaScript surely keeps. */
function isPlain(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start) === minus ? start + 1 : start;
  if (end - first > plainLengthMax) return false;
  let hasPoint = false;
  for (let i = first; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === point) hasPoint = true;
    else if (code < zero || code > nine) return false;
  }
  // JavaScript drops zeros at the end, and writes 0.0000001 as 1e-7.
  if (hasPoint) return text.charCodeAt(end - 1) !== zero && !text.startsWith("0.00", first);
  return text.charCodeAt(first) !== zero || (first === start && end - start === 1);
}

type Reviver = (key: string, value: unknown) => unknown;

// The third argument is in the engine, and not yet in the compiler's library.
function keepNumber(_key: string, value: unknown, { source }: { readonly source?: string }) {
  return typeof value === "number" && source !== undefined && !isKept(source)
    ? exactNumber(source)
    : value;
}

/**
 * A result or an item with JavaScript's numbers, as a program gets it, or an error if JavaScript
 * would change a number. The answers of the protocol's own methods are only shown, so their numbers
 * are rounded.
 */
export function withOwnNumbers(method: string, result: unknown): unknown {
  if (typeof result !== "object" || result === null) return result;
  if (method.startsWith(reservedPrefix)) return withRoundedNumbers(result);
  const { value, changed } = withPlainNumbers(result);
  if (changed === undefined) return value;
  const where = changed.path.length === 0 ? "" : ` at ${changed.path.join(".")}`;
  return new RpcError(
    "InternalError",
    `Cannot take the result of ${method}: JavaScript cannot hold the number ${changed.text}` +
      `${where}. Have it returned as a text`,
  );
}
