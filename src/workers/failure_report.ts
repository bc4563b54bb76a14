/**
 * A worker's failure report on stderr: a single line among those that procedures print, so that the
 * log gets one entry and not one for each line of a stack. On Windows no server reads what its
 * workers print, so it is for people there.
 */

import { isObject } from "../base/values/members.ts";
import { plainLine, withoutSecrets } from "../base/values/plain_text.ts";

/** A failure, for the log. */
export interface FailureReport {
  /** What failed, and why, in one sentence. */
  readonly message: string;
  /** The stack frames, and a line for each cause. */
  readonly stack: readonly string[];
}

/** The record separator of RFC 7464, which precedes JSON: nobody prints it by accident. */
const mark = "\x1e";

/** Longest message, in UTF-16 code units; longer ones are cut. */
const messageLengthMax = 1_000;

/** Longest line, shorter than the log's bound: longer ones lose stack frames. */
const lineLengthMax = 8_000;

const stackLinesMax = 20;
const stackLineLengthMax = 200;

/** A report as a line, without LF. */
export function encodeFailure({ message, stack }: FailureReport): string {
  const shown = shownStack(stack);
  const lineOf = () =>
    mark + JSON.stringify({ message: message.slice(0, messageLengthMax), stack: shown });
  while (shown.length > 0 && lineOf().length > lineLengthMax) shown.pop();
  return lineOf();
}

/** A report for people, as a log has it: lines without the last LF and secrets, safe to print. */
export function failureText({ message, stack }: FailureReport): string {
  return [message.slice(0, messageLengthMax), ...shownStack(stack).map((line) => `    ${line}`)]
    .map((line) => plainLine(withoutSecrets(line)))
    .join("\n");
}

function shownStack(stack: readonly string[]): string[] {
  return stack.slice(0, stackLinesMax).map((line) => line.slice(0, stackLineLengthMax));
}

/** Reads a report; `undefined` if the line is other output. */
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
