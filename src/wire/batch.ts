import { RpcError } from "../base/errors.ts";
import { byteLengthOf, encodeError, toRpcError } from "./codec.ts";
import type { Response } from "./message.ts";
import type { MessageBound } from "./message_bound.ts";

interface Answer {
  line: string;
  bytes: number;
}

/**
 * The answers to a batch, which leave as one line. As soon as those that have come are too long for
 * a message together, the longest of them are replaced by errors. So no more than one message and
 * one answer is ever held, and the same answers give way as if all had been waited for.
 */
export class BatchLine {
  readonly #bytesMax: number;
  readonly #answers: Answer[] = [];
  /** Those that are not replaced. */
  readonly #whole = new Set<Answer>();
  /** Each answer's LF counts for the comma in its place; the brackets come on top. */
  #bytes = 2;

  /** @param bound what the other end takes */
  constructor({ bytes }: MessageBound) {
    this.#bytesMax = bytes;
  }

  /** Whether it holds no answer. */
  get isEmpty(): boolean {
    return this.#answers.length === 0;
  }

  /** Takes an answer's line, its LF included. */
  add(line: string): void {
    const bytes = byteLengthOf(line);
    const answer = { line, bytes };
    this.#answers.push(answer);
    this.#whole.add(answer);
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax && this.#replaceLongest());
  }

  /** The answers as an array on one line. */
  encode(): string {
    return `[${this.#answers.map(({ line }) => line.slice(0, -1)).join(",")}]\n`;
  }

  /** Returns whether there was one left to replace. */
  #replaceLongest(): boolean {
    let longest: Answer | undefined;
    for (const answer of this.#whole) {
      if (answer.bytes > (longest?.bytes ?? 0)) longest = answer;
    }
    if (longest === undefined) return false;
    longest.line = withoutResults(longest.line, "the batch's answers are too long");
    this.#whole.delete(longest);
    this.#bytes -= longest.bytes;
    longest.bytes = byteLengthOf(longest.line);
    this.#bytes += longest.bytes;
    return true;
  }
}

/**
 * An answer's line, or a batch's, with a short error in place of each result, because there is no
 * room. What the errors say of `executed` is true.
 */
export function withoutResults(line: string, why: string): string {
  const [, id] = resultHead.exec(line) ?? [];
  if (id !== undefined) return withoutResult({ id: JSON.parse(id) }, why);
  const answers = JSON.parse(line) as Response | readonly Response[];
  if (!Array.isArray(answers)) return withoutResult(answers as Response, why);
  const lines = answers.map((answer: Response) => withoutResult(answer, why).slice(0, -1));
  return `[${lines.join(",")}]\n`;
}

/**
 * How an answer with a result begins, as we write it. The rest need not be read: a batch of short
 * requests could else have long answers read for nothing, one after the other.
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
