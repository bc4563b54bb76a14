import { RpcError } from "../../base/errors.ts";
import { gatewayAheadMax, gatewayHostlessAheadMax, gatewayPipelinedMax } from "../limits.ts";
import { problemDetails } from "./problem.ts";
import { reply } from "./reply.ts";

/** A connection that has a request under way, or was answered one just now. */
interface Sent {
  underWay: number;
  /** Whether it can be told: the last request names a host, so it is surely none of HTTP/2. */
  hasHost: boolean;
  /** Requests in a row that came within a round of an answer, and those in the same round. */
  ahead: number;
  surelyAhead: number;
  /** Whether what comes right behind is refused: it was told to wait, or to send no more. */
  isTold: boolean;
}

/**
 * What is to be done with a request: `last`, to answer it and tell that no other is taken; `wait`,
 * to let others send before it is answered.
 */
type Decision = "take" | "wait" | "last" | "refuse";

/**
 * Finds connections on which requests come without waiting for answers (pipelining of HTTP/1.1).
 *
 * The runtime's HTTP server goes on with what such connections have sent, for up to thousands of
 * requests, before it looks for others' input. While it waits for an answer it also reads whatever
 * comes, without a bound, and moves all of it for each request.
 *
 * It begins with a request that has arrived before the former one's answer within one round of the
 * event loop: in the same one if the answer was made at once, otherwise in the next. Who waits for
 * answers has to be read from first, which takes longer, except by chance, and many times in a row
 * hardly ever. So who seems to send ahead is told that the connection ends. Who waits for answers
 * sends no more on it, and what comes right behind was sent before. An answer that tells to wait
 * before the next request tells enough by itself: who has sent that by then has not waited.
 *
 * A request without `Host` may be one of HTTP/2, which cannot be told so. If it is, and others were
 * sent with it, they come while it waits.
 */
export class Pipelines {
  readonly #underWay = new Map<string, Sent>();
  /** Those that were answered in this round, and in the one before. */
  #answered = new Map<string, Sent>();
  #answeredBefore = new Map<string, Sent>();
  readonly #nextRound: (callback: () => void) => void;
  #isWaiting = false;

  /** @param nextRound calls back in the next round of the event loop */
  constructor(nextRound: (callback: () => void) => void = setImmediate) {
    this.#nextRound = nextRound;
  }

  /**
   * Counts a request that has come, and decides about it. {@link end} is due, except for `refuse`.
   *
   * @param from the connection
   * @param hasHost whether it names a host, as requests of HTTP/1.1 have to
   */
  begin(from: string, hasHost: boolean): Decision {
    let sent = this.#underWay.get(from);
    if (sent !== undefined) {
      // HTTP/1.1 has one request under way. More are HTTP/2's, in which many may come at once.
      sent.underWay++;
      sent.ahead = sent.surelyAhead = -Infinity;
      sent.isTold = sent.hasHost = false;
      return "take";
    }
    sent = this.#behindAnswer(from);
    if (sent.isTold || hasHost && sent.surelyAhead >= gatewayPipelinedMax) return "refuse";
    sent.underWay = 1;
    sent.hasHost = hasHost;
    this.#underWay.set(from, sent);
    sent.isTold = sent.ahead >= (hasHost ? gatewayAheadMax : gatewayHostlessAheadMax);
    if (!sent.isTold) return "take";
    return hasHost ? "last" : "wait";
  }

  /**
   * The request was answered.
   *
   * @param mustWait whether the answer tells its peer to wait before it asks again, which who has
   * sent the next request already does not
   */
  end(from: string, mustWait: boolean): void {
    const sent = this.#underWay.get(from);
    if (sent === undefined || --sent.underWay > 0) return;
    if (mustWait && sent.hasHost) sent.isTold = true;
    this.#underWay.delete(from);
    this.#answered.set(from, sent);
    this.#pass();
  }

  #behindAnswer(from: string): Sent {
    const now = this.#answered.get(from);
    const sent = now ?? this.#answeredBefore.get(from);
    if (sent === undefined) {
      return { underWay: 0, hasHost: false, ahead: 0, surelyAhead: 0, isTold: false };
    }
    this.#answered.delete(from);
    this.#answeredBefore.delete(from);
    sent.ahead++;
    if (now !== undefined) sent.surelyAhead++;
    return sent;
  }

  /** Forgets in two rounds who is answered now. */
  #pass(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#nextRound(() => {
      this.#isWaiting = false;
      this.#answeredBefore = this.#answered;
      this.#answered = new Map();
      if (this.#answeredBefore.size > 0) this.#pass();
    });
  }
}

/** What is told who sends too many: made once, since many are told. */
const problem = problemDetails(
  new RpcError(
    "Overloaded",
    "Cannot take more requests on a connection without a wait for their answers",
    { executed: "no" },
  ),
);
const problemBytes = new TextEncoder().encode(`${JSON.stringify(problem)}\n`);

/** What a body fails with to end its connection. */
export const connectionEnds = new Error("the connection ends");

/**
 * An answer in the place of a request too many, after which the connection ends. The runtime ends
 * one only if an answer's body fails: after `Connection: close` it goes on with what was sent.
 */
export function lastAnswer(): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(problemBytes.slice()),
    pull: (controller) => controller.error(connectionEnds),
  });
  const headers = { "content-type": "application/problem+json", "retry-after": "1" };
  return reply(body, { status: 429, headers });
}
