import { type Failure, RpcError } from "../base/errors.ts";
import { nestingMax } from "../base/limits.ts";
import type { LentBytes } from "../base/spare_buffers.ts";
import { isExactAnyway, parseExactly } from "./exact_json.ts";
import type { Id, Request, Response } from "./message.ts";
import { isNestedDeeper } from "./nesting.ts";

/** What a JSON text arrived as, in the words of its sender. */
export type Carrier = "line" | "body" | "message";

/** The value as `JSON.parse` reads it, or the error to answer with. Never throws. */
export function parseJson(text: string, carrier: Carrier = "line"): unknown {
  try {
    if (isNestedDeeper(text, nestingMax)) {
      return new RpcError("ParseError", `Cannot take JSON nested deeper than ${nestingMax} levels`);
    }
    return JSON.parse(text);
  } catch (cause) {
    return new RpcError("ParseError", `Cannot read a ${carrier} that is not JSON`, { cause });
  }
}

/**
 * The same value with the numbers as they were written, for what only passes through; `undefined`
 * if JavaScript changes none of them, as in nearly all lines.
 *
 * @param line one that {@link parseJson} could read
 */
export function exactJson(line: string): unknown {
  return isExactAnyway(line) ? undefined : parseExactly(line);
}

/** How a value is read in pieces. */
export interface ReadOptions {
  /** About how many bytes are parsed at once. @default 8 MiB */
  readonly pieceBytes?: number | undefined;
  /** Longest text that there can be, in UTF-16 code units. @default textLengthMax */
  readonly textMax?: number | undefined;
  /** Most values. @default jsonValuesMax */
  readonly valuesMax?: number | undefined;
}

/** Reads and prints messages that are longer than one string may be, in pieces. */
interface Longest {
  /** A line as a worker reads it, or the error to answer with. */
  readRequest(line: LentBytes, options?: ReadOptions): Request | Refusal;
  /**
   * A line as a client reads it.
   *
   * @throws {RpcError} the peer does not speak this protocol
   */
  readReply(line: LentBytes, options?: ReadOptions): Response | Request;
  /**
   * A value as JSON.
   *
   * @param levels how deep it may be nested
   * @param bytesMax most bytes that it may have
   * @param dressed what is printed of JSON. @default all of it, as it is
   */
  print(
    value: unknown,
    levels: number,
    bytesMax: number,
    dressed?: (json: string) => string,
  ): LentBytes | Unprinted;
}

/** A message that is no request, or cannot be held. */
export interface Refusal {
  readonly id: Id;
  readonly error: Failure;
}

/** Why a value was not printed: it is nested too deep, or has so many bytes. */
export interface Unprinted {
  readonly unprinted: "too deep" | number;
}

let longest: Longest | undefined;

/** Has such messages read and printed from now on. Most programs never load what does so. */
export function useLongest(by: Longest): void {
  longest = by;
}

/** What reads and prints such messages; `undefined`: nobody here has agreed to any. */
export function longestMessages(): Longest | undefined {
  return longest;
}
