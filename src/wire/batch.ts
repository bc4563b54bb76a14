import { RpcError } from "../base/errors.ts";
import { encodeError, toRpcError } from "./codec.ts";
import type { Response } from "./message.ts";
import { byteLengthOf, type MessageBound } from "./message_bound.ts";

interface Answer {
  line: string;
  /** Counted when it matters: to count the bytes of a short line takes longer than the rest. */
  bytes?: number | undefined;
}

/** No UTF-16 code unit takes more bytes. */
const bytesOfUnitMax = 3;

/**
 * The answers to a batch, which leave as one line. As soon as the answers so far are too long for
 * one message, the longest of them are replaced by errors. So never more than one message and one
 * answer is held, and the outcome is the same as if all had been waited for.
 */
export class BatchLine {
  readonly #bound: MessageBound;
  readonly #answers: Answer[] = [];
  /** The answers that are not replaced. */
  readonly #whole = new Set<Answer>();
  /**
   * Of the encoded line: each answer's LF becomes a comma or the last LF; plus two brackets. It is
   * the most that there can be until the answers have to be counted.
   */
  #bytes = 2;
  #isCounted = false;

  /** @param bound what the other end takes */
  constructor(bound: MessageBound) {
    this.#bound = bound;
  }

  /** Whether it holds no answer. */
  get isEmpty(): boolean {
    return this.#answers.length === 0;
  }

  /** Takes an answer's line, its LF included. */
  add(line: string): void {
    const answer: Answer = { line };
    this.#answers.push(answer);
    this.#whole.add(answer);
    if (this.#isCounted) this.#bytes += bytesOf(answer);
    else this.#bytes += line.length * bytesOfUnitMax;
    if (this.#bytes <= this.#bound.bytes) return;
    if (!this.#isCounted) this.#count();
    while (this.#bytes > this.#bound.bytes && this.#replaceLongest());
  }

  #count(): void {
    this.#isCounted = true;
    this.#bytes = this.#answers.reduce((bytes, answer) => bytes + bytesOf(answer), 2);
  }

  /** The answers as an array on one line. */
  encode(): string {
    return `[${this.#answers.map(({ line }) => line.slice(0, -1)).join(",")}]\n`;
  }

  /** Returns `false` if all have been replaced. */
  #replaceLongest(): boolean {
    let longest: Answer | undefined;
    for (const answer of this.#whole) {
      if (longest === undefined || bytesOf(answer) > bytesOf(longest)) longest = answer;
    }
    if (longest === undefined) return false;
    this.#whole.delete(longest);
    this.#bytes -= bytesOf(longest);
    longest.line = withoutResults(longest.line, tooLongTogether(bytesOf(longest), this.#bound));
    longest.bytes = undefined;
    this.#bytes += bytesOf(longest);
    return true;
  }
}

/** The length of all answers is not told: the first are replaced before the last are there. */
function tooLongTogether(bytes: number, { bytes: most, whose }: MessageBound): string {
  return `its ${bytes} bytes and the others of its batch are more than ${most}, the most ${whose}`;
}

function bytesOf(answer: Answer): number {
  return answer.bytes ??= byteLengthOf(answer.line);
}

/**
 * The line of an answer, or of a batch of them, with a short error in place of each answer, because
 * there is no room. Their `executed` still tells what happened.
 */
export function withoutResults(line: string, why: string): string {
  const [, id] = resultHead.exec(line) ?? [];
  if (id !== undefined) return withoutResult({ id: JSON.parse(id) }, why);
  const answers: Response | Response[] = JSON.parse(line);
  if (!Array.isArray(answers)) return withoutResult(answers, why);
  const lines = answers.map((answer) => withoutResult(answer, why).slice(0, -1));
  return `[${lines.join(",")}]\n`;
}

/**
 * The beginning of an answer with a result, as we write it. The result need not be parsed: else a
 * batch of short requests could make us parse long answers, one after the other, for nothing.
 */
const resultHead = /^\{"jsonrpc":"2\.0","id":(null|-?[\d.eE+-]+|"(?:[^"\\]|\\.)*"),"result":/;

function withoutResult({ id, error }: Pick<Response, "id" | "error">, why: string): string {
  return encodeError(
    id,
    new RpcError("InternalError", `Cannot send this answer: ${why}`, {
      executed: error === undefined ? "yes" : toRpcError(error).executed,
    }),
  );
}
