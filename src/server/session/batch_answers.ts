import { BatchLine } from "../../wire/batch.ts";
import type { Id, LongLine } from "../../wire/message.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import { textOfLine } from "../../wire/unread/bytes.ts";

/** Takes the answer to a request. */
export interface AnswerSink {
  /** Takes the answer's line; `undefined` if the request was a notification, which has none. */
  add(line: string | LongLine | undefined): void;
  /** Takes a short result if it can, without a line as text, and tells whether it did. */
  addShort(id: Id, result: unknown): boolean;
  /** The longest answer that it takes. */
  readonly bound: MessageBound;
}

/** Collects the answers to a batch, and passes them on as one line after the last one. */
export class BatchAnswers implements AnswerSink {
  readonly #end: (line: string | undefined) => void;
  readonly #answers: BatchLine;
  readonly bound: MessageBound;
  #missing: number;
  #newLength = 0;

  /**
   * @param count how often {@link add} will be called
   * @param end takes the line; `undefined`: a batch of only notifications is not answered
   */
  constructor(count: number, bound: MessageBound, end: (line: string | undefined) => void) {
    this.#answers = new BatchLine(bound);
    this.bound = bound;
    this.#missing = count;
    this.#end = end;
  }

  /** The length of the answers since the last call of this method. */
  takeNewLength(): number {
    const length = this.#newLength;
    this.#newLength = 0;
    return length;
  }

  addShort(): boolean {
    return false;
  }

  add(line: string | LongLine | undefined): void {
    if (line !== undefined) {
      this.#newLength += line.length;
      this.#answers.add(textOfLine(line));
    }
    if (--this.#missing > 0) return;
    this.#end(this.#answers.isEmpty ? undefined : this.#answers.encode());
  }
}
