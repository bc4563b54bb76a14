/**
 * How a worker tells of a failure on its stderr: as one line among those that procedures print, so
 * that the log has one entry for it and not one for each line of a stack.
 */

import { isObject } from "../base/values/members.ts";

/** A failure, for the log. */
export interface FailureReport {
  /** What failed, and why, in one sentence. */
  readonly message: string;
  /** Where, a line each; where there are causes, a line for each of them too. */
  readonly stack: readonly string[];
}

/** The record separator, as RFC 7464 has it before a text of JSON: nobody prints it by accident. */
const mark = "\x1e";

/** Kept of a message, in UTF-16 code units. */
const messageLengthMax = 1_000;

/** Longest line, less than what is logged of one: a longer one has less of the stack. */
const lineLengthMax = 8_000;

const stackLinesMax = 20;
const stackLineLengthMax = 200;

/** A report as a line, without its end. */
export function encodeFailure({ message, stack }: FailureReport): string {
  const shown = stack.slice(0, stackLinesMax).map((line) => line.slice(0, stackLineLengthMax));
  const lineOf = () =>
    mark + JSON.stringify({ message: message.slice(0, messageLengthMax), stack: shown });
  while (shown.length > 0 && lineOf().length > lineLengthMax) shown.pop();
  return lineOf();
}

/** Reads a line; `undefined` if it is anything else that somebody has printed. */
export function decodeFailure(line: string): FailureReport | undefined {
  if (!line.startsWith(mark)) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(mark.length));
    if (!isObject(value) || typeof value["message"] !== "string") return undefined;
    const { message, stack } = value;
    return Array.isArray(stack) ? { message, stack: stack.map(String) } : undefined;
  } catch {
    return undefined;
  }
}
