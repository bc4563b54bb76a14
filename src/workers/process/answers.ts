/**
 * What a worker answers, as its server reads it. An answer of a program that nobody can be sent,
 * since it is too long or nested too deep, costs the call that it is for (P-17), and the program
 * goes on: a whole line was read, or passed over.
 */

import { errorNameOf, RpcError } from "../../base/errors.ts";
import { nestingMax } from "../../base/limits.ts";
import { LentBytes } from "../../base/spare_buffers.ts";
import { veryLongBytes } from "../../base/system/give_way.ts";
import { decodeReply, toWorkerError } from "../../wire/codec.ts";
import { type AnyLine, decoder, lineFeed, type LineSplitter } from "../../wire/lines.ts";
import type { Request, Response, WireError } from "../../wire/message.ts";
import { longestLineOf, type MessageBound, TooLongError } from "../../wire/message_bound.ts";
import { isNestedDeeper } from "../../wire/nesting.ts";

/** How much of an answer is kept to see whose it is. */
const headBytes = 256;

/** What stands before a result, in the order in which programs write it. */
const answerHead =
  /^\s*\{(?:\s*"jsonrpc"\s*:\s*"2\.0"\s*,)?\s*"id"\s*:\s*(\d{1,15})\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"(result|error)"\s*:/;

/** What stands before the items of a stream. */
const itemsHead =
  /^\s*\{(?:\s*"jsonrpc"\s*:\s*"2\.0"\s*,)?\s*"method"\s*:\s*"rpc\.item"\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"params"\s*:\s*\{\s*"id"\s*:\s*(\d{1,15})\s*,\s*"items"\s*:/;

/** As an error it tells what is wrong with the program, if nobody knows what it has answered. */
export class UnfitAnswer extends RpcError {
  /** The request that it is for, if that can be seen. */
  readonly id: number | undefined;
  /** Whether these are items, behind which the program goes on with the request. */
  readonly isOfItems: boolean;
  /** The answer in its place. */
  readonly inPlace: RpcError;

  /** @param describe makes an error, of the name of one, and of words for the answer */
  constructor(
    head: string,
    describe: (name: "InvalidRequest" | "InternalError", what: string) => RpcError,
  ) {
    super("InvalidRequest", describe("InvalidRequest", "Cannot take an answer: it is").message);
    const items = itemsHead.exec(head);
    const [, id, kind] = items ?? answerHead.exec(head) ?? [];
    this.id = id === undefined ? undefined : Number(id);
    this.isOfItems = items !== null;
    const what = kind === "error" ? "an error: it" : "a result: it";
    this.inPlace = describe(
      "InternalError",
      `Cannot send ${this.isOfItems ? "items: their message" : what} is`,
    );
  }
}

/**
 * Reads an answer or a notification of a worker.
 *
 * @throws {RpcError} it is neither, or an {@link UnfitAnswer}
 */
export function readAnswer(line: string): Response | Request {
  try {
    return decodeReply(line);
  } catch (error) {
    if (!isNestedDeeper(line, nestingMax)) throw error;
    const why = `nested too deep: a message has ${nestingMax} levels`;
    throw new UnfitAnswer(
      line.slice(0, headBytes),
      (name, what) => new RpcError(name, `${what} ${why}`),
    );
  }
}

/** Whether a line is so long that others are to come between its parts. */
export function isVeryLong(line: AnyLine): line is LentBytes {
  return line instanceof LentBytes && line.length > veryLongBytes;
}

/** The error of a worker's answer, as its caller sees it. */
export function errorOf(error: WireError, isForeign: boolean): RpcError {
  // A worker of ours sends this error only about itself.
  const isOwn = !isForeign && errorNameOf(error.code) === "MethodNotFound";
  return isOwn
    ? new RpcError("InternalError", error.message, { executed: "no" })
    : toWorkerError(error, isForeign);
}

/** Passes over what is too long of a program's output, and counts it. */
export class LongAnswers {
  readonly #splitter: LineSplitter;
  readonly #bound: MessageBound;
  readonly #bytesMax: number;
  /** The line that is passed over. */
  #passed: { readonly head: string; bytes: number } | undefined;

  /** @param splitter takes the rest, in reads of less than `bound` */
  constructor(splitter: LineSplitter, bound: MessageBound) {
    this.#splitter = splitter;
    this.#bound = bound;
    this.#bytesMax = longestLineOf(bound);
  }

  /** Takes the next bytes, and returns the lines that they complete. */
  pushLong(chunk: Uint8Array): AnyLine[] {
    const { partial, partialBytes } = this.#splitter;
    const mayPass = this.#passed !== undefined || partialBytes + chunk.length > this.#bytesMax;
    const end = mayPass ? chunk.indexOf(lineFeed) + 1 : 0;
    const length = end === 0 ? chunk.length : end;
    if (this.#passed === undefined) {
      if (partialBytes + length <= this.#bytesMax) return this.#splitter.pushLong(chunk);
      this.#passed = { head: decoder.decode(partial.subarray(0, headBytes)), bytes: partialBytes };
      this.#splitter.letGo();
    }
    this.#passed.bytes += length;
    if (end === 0) return [];
    const { head, bytes } = this.#passed;
    this.#passed = undefined;
    const answer = new UnfitAnswer(
      head,
      (name, what) => new TooLongError(name, what, bytes, this.#bound),
    );
    return [answer, ...this.#splitter.pushLong(chunk.subarray(end))];
  }
}
