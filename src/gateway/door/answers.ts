import { Budget, type BudgetHolder } from "../../base/bounds/budget.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { writeStallTimeoutMs } from "../../base/limits.ts";
import { boundOfGateway, type MessageBound } from "../../wire/message_bound.ts";
import { gatewayAnswerPieceBytes, gatewayAnswersBytesMax, gatewayStuckMs } from "../limits.ts";
import { HttpProblem } from "./problem.ts";
import { reply } from "./reply.ts";

const noBytes = new Uint8Array(0);

/**
 * Answers with whole texts. A long one is handed out in pieces as its reader takes them, so that
 * what is not read yet is known. Past the bound a reader that takes nothing loses its answer, as it
 * does after a while in any case; while all of them read, nothing more is taken on.
 */
export class Answers {
  readonly #clock: Clock;
  /** What is not read yet: long answers, and items of streams. */
  readonly unread: Budget;

  /** @param bound of one answer */
  constructor(clock: Clock, { bytes }: MessageBound = boundOfGateway()) {
    this.#clock = clock;
    this.unread = new Budget(Math.max(gatewayAnswersBytesMax, 2 * bytes), clock, {
      stuckMsMin: gatewayStuckMs,
    });
  }

  /** Refuses what might be answered at length, while too much is not read. @throws {HttpProblem} */
  checkRoom(): void {
    if (!this.unread.isFull) return;
    const text = "Cannot take the request: too many long answers are being read";
    throw new HttpProblem(503, "Overloaded", text);
  }

  /** An answer of that text. */
  of(text: string, headers: Readonly<Record<string, string>>): Response {
    // One that fits into the connection's buffers is off our hands at once.
    if (text.length <= gatewayAnswerPieceBytes) return reply(text, { headers });
    const bytes = new TextEncoder().encode(text);
    return reply(this.#pieces(bytes), {
      headers: { "content-length": String(bytes.length), ...headers },
    });
  }

  #pieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
    let at = 0;
    let stall: Timer | undefined;
    let fail = () => {};
    const holder: BudgetHolder = {
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
