import { BatchLine } from "../../wire/batch.ts";
import type { LongLine } from "../../wire/message.ts";
import type { MessageBound } from "../../wire/message_bound.ts";
import { textOfLine } from "../../wire/unread/bytes.ts";

/** Where the answer to one request goes. */
export interface AnswerSink {
  /** Takes the answer's line; `undefined` if the request was a notification, which has none. */
  add(line: string | LongLine | undefined): void;
  /** How long an answer may be. */
  readonly bound: MessageBound;
}

/**
 * Collects the answers to a batch, and passes them on as one line when the last of them is there.
 */
export class BatchAnswers implements AnswerSink {
  readonly #push: (line: string) => void;
  readonly #answers: BatchLine;
  readonly bound: MessageBound;
  #missing: number;
  #newLength = 0;

  /** @param count how often {@link add} will be called */
  constructor(count: number, bound: MessageBound, push: (line: string) => void) {
    this.#answers = new BatchLine(bound);
    this.bound = bound;
    this.#missing = count;
    this.#push = push;
  }

  /** How long the answers are that have come since this was asked last. */
  takeNewLength(): number {
    const length = this.#newLength;
    this.#newLength = 0;
    return length;
  }

  add(line: string | LongLine | undefined): void {
    if (line !== undefined) {
      this.#newLength += line.length;
      this.#answers.add(textOfLine(line));
    }
    // A batch of nothing but notifications is not answered at all.
    if (--this.#missing === 0 && !this.#answers.isEmpty) this.#push(this.#answers.encode());
  }
}
