import type { Clock } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { gatewayPipelinedMax, gatewayPipelineRounds } from "../limits.ts";
import { problemDetails } from "./problem.ts";
import { reply } from "./reply.ts";

/** What a connection has sent since others' input was looked for, as far as is known. */
interface Sent {
  begun: number;
  underWay: number;
}

/** Connections that are remembered before they are looked through. */
const rememberedMax = 1_024;

/**
 * Finds connections on which requests come without waiting for answers (pipelining of HTTP/1.1).
 *
 * The runtime's HTTP server goes on with what such connections have sent, for up to thousands of
 * requests, before it looks for others' input. Who waits for answers sends one request between two
 * such looks, so who sends more is known by that.
 */
export class Pipelines {
  readonly #sent = new Map<string, Sent>();
  readonly #clock: Clock;
  readonly #nextRound: (callback: () => void) => void;
  #isWaiting = false;

  /** @param nextRound calls back in the next round of the event loop */
  constructor(clock: Clock, nextRound: (callback: () => void) => void = setImmediate) {
    this.#clock = clock;
    this.#nextRound = nextRound;
  }

  /**
   * Counts a request that has come. Returns `false` if it is one too many.
   *
   * @param from the connection
   */
  begin(from: string): boolean {
    let sent = this.#sent.get(from);
    if (sent === undefined) this.#sent.set(from, sent = { begun: 0, underWay: 0 });
    // HTTP/1.1 has one request under way. More are HTTP/2's, in which many may come at once.
    if (sent.underWay === 0) sent.begun++;
    if (sent.begun > gatewayPipelinedMax) return false;
    sent.underWay++;
    if (sent.begun > 1 || this.#sent.size > rememberedMax) this.#forgetLater();
    return true;
  }

  /** The request was answered. */
  end(from: string): void {
    const sent = this.#sent.get(from);
    if (sent !== undefined) sent.underWay--;
  }

  /**
   * A timer fires only after a look for input, and may waste two milliseconds, in which a quick
   * caller sends several requests one by one. So a few rounds, where they are short, do as well.
   */
  #forgetLater(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    let rounds = 0;
    const next = (): void => {
      if (rounds >= gatewayPipelineRounds) return;
      if (++rounds < gatewayPipelineRounds) return this.#nextRound(next);
      timer.cancel();
      this.#forget();
    };
    const timer = this.#clock.after(0, () => {
      rounds = gatewayPipelineRounds;
      this.#forget();
    });
    this.#nextRound(next);
  }

  #forget(): void {
    this.#isWaiting = false;
    for (const [from, sent] of this.#sent) {
      sent.begun = 0;
      if (sent.underWay === 0) this.#sent.delete(from);
    }
  }
}

const utf8 = new TextEncoder();

/** What a body fails with to end its connection. */
export const connectionEnds = new Error("the connection ends");

/**
 * An answer in the place of a request too many, after which the connection ends. The runtime ends
 * one only if an answer's body fails: after `Connection: close` it goes on with what was sent.
 */
export function lastAnswer(): Response {
  const detail =
    `Cannot take more than ${gatewayPipelinedMax} requests on a connection without a ` +
    "wait for their answers";
  const problem = problemDetails(new RpcError("Overloaded", detail, { executed: "no" }));
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(utf8.encode(`${JSON.stringify(problem)}\n`)),
    pull: (controller) => controller.error(connectionEnds),
  });
  const headers = { "content-type": "application/problem+json", "retry-after": "1" };
  return reply(body, { status: 429, headers });
}
