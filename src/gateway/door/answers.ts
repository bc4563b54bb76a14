import { Budget, type BudgetHolder } from "../../base/bounds/budget.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { writeStallTimeoutMs } from "../../base/limits.ts";
import { boundOfGateway, type MessageBound } from "../../wire/message_bound.ts";
import type { Sender } from "./connections.ts";
import { gatewayAnswerPieceBytes, gatewayAnswersBytesMax, gatewayStuckMs } from "../limits.ts";
import { HttpProblem } from "./problem.ts";
import { reply } from "./reply.ts";

const noBytes = new Uint8Array(0);

/** Who reads an answer. */
type AnswerReader = Pick<Sender, "address">;

/**
 * Answers with whole texts. A long text is written in pieces as its reader takes them, so the
 * unread bytes are known. Past the bound on all of them, of the address that leaves most unread a
 * reader that takes nothing loses its answer, as it does after a while anyway. If all read, new
 * requests of that address are refused.
 */
export class Answers {
  readonly #clock: Clock;
  /** Unread bytes of long answers and of streams. */
  readonly unread: Budget;

  /** @param bound the longest answer */
  constructor(clock: Clock, { bytes }: MessageBound = boundOfGateway()) {
    this.#clock = clock;
    this.unread = new Budget(Math.max(gatewayAnswersBytesMax, 2 * bytes), clock, {
      stuckMsMin: gatewayStuckMs,
    });
  }

  /**
   * Refuses requests of the address that leaves most unread, while that is too much.
   *
   * @throws {HttpProblem} 503
   */
  checkRoom({ address }: AnswerReader): void {
    if (!this.unread.isFullFor(address)) return;
    const text = "Cannot take the request: too many long answers are being read";
    throw new HttpProblem(503, "Overloaded", text);
  }

  /** An answer with a text. */
  of(
    text: string,
    headers: Readonly<Record<string, string>>,
    { address }: AnswerReader,
  ): Response {
    // A short answer fits into the connection's buffers.
    if (text.length <= gatewayAnswerPieceBytes) return reply(text, { headers });
    const bytes = new TextEncoder().encode(text);
    return reply(this.#pieces(bytes, address), {
      headers: { "content-length": String(bytes.length), ...headers },
    });
  }

  #pieces(
    bytes: Uint8Array<ArrayBuffer>,
    owner: string,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    let stall: Timer | undefined;
    let fail = () => {};
    const holder: BudgetHolder = {
      owner,
      heldBytes: () => bytes.length,
      progress: () => at,
      giveUp: () => fail(),
    };
    const end = () => {
      stall?.cancel();
      this.unread.forget(holder);
      bytes = noBytes;
    };
    return new ReadableStream({
      start: (controller) => {
        fail = () => {
          end();
          controller.error(new Error("Nobody reads the answer"));
        };
        this.unread.count(holder);
      },
      pull: (controller) => {
        stall?.cancel();
        controller.enqueue(bytes.subarray(at, at += gatewayAnswerPieceBytes));
        if (at >= bytes.length) {
          end();
          return controller.close();
        }
        stall = this.#clock.after(writeStallTimeoutMs, fail);
      },
      cancel: end,
    }, { highWaterMark: 0 });
  }
}
