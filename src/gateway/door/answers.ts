import type { Clock, Timer } from "../../base/clock.ts";
import { writeStallTimeoutMs } from "../../base/limits.ts";
import { boundOfGateway, type MessageBound } from "../../wire/message_bound.ts";
import { gatewayAnswerPieceBytes, gatewayAnswersBytesMax } from "../limits.ts";
import { HttpProblem } from "./problem.ts";
import { reply } from "./reply.ts";

/**
 * Answers with whole texts. A long one is handed out in pieces as its reader takes them, so that it
 * is known what those who do not read leave here: past the bound nothing more is taken on, and who
 * takes nothing for a while loses his answer.
 */
export class Answers {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param bound of one answer */
  constructor(clock: Clock, { bytes }: MessageBound = boundOfGateway()) {
    this.#clock = clock;
    this.#bytesMax = Math.max(gatewayAnswersBytesMax, 2 * bytes);
  }

  /** What long answers hold that were not read yet. */
  get unreadBytes(): number {
    return this.#bytes;
  }

  /** Refuses what might be answered at length, while too much is not read. @throws {HttpProblem} */
  checkRoom(): void {
    if (this.#bytes <= this.#bytesMax) return;
    const text = "Cannot take the request: too many long answers have not been read yet";
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
    this.#bytes += bytes.length;
    const end = () => {
      stall?.cancel();
      this.#bytes -= bytes.length;
    };
    return new ReadableStream({
      pull: (controller) => {
        stall?.cancel();
        controller.enqueue(bytes.subarray(at, at += gatewayAnswerPieceBytes));
        if (at >= bytes.length) {
          end();
          return controller.close();
        }
        stall = this.#clock.after(writeStallTimeoutMs, () => {
          end();
          controller.error(new Error("Nobody reads the answer"));
        });
      },
      cancel: end,
    }, { highWaterMark: 0 });
  }
}
