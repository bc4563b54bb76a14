import { type Clock, sleep } from "../../base/clock.ts";
import { Shares } from "../../base/bounds/shares.ts";
import { gatewayLookMs, gatewayLooksMax, gatewayLooksOfCallerMax } from "../limits.ts";
import { HttpProblem } from "../door/problem.ts";
import type { Servers } from "./servers.ts";
import { reply, unbuffered } from "../door/reply.ts";

/**
 * Streams the state of the servers to pages, as server-sent events. A view is made only when there
 * is room for it on the way to its reader, so readers that do not read cost nothing.
 */
export class Live {
  readonly #servers: Servers;
  readonly #clock: Clock;
  readonly #ended: AbortSignal;
  #looks = 0;
  readonly #looksOf = new Shares();

  /** @param ended closes all streams, which would never end by themselves */
  constructor(servers: Servers, clock: Clock, ended: AbortSignal) {
    this.#servers = servers;
    this.#clock = clock;
    this.#ended = ended;
  }

  /**
   * A new stream.
   *
   * @param caller whom it counts for
   * @throws {HttpProblem} 503: there are too many
   */
  response(caller: string): Response {
    const isShareFull = this.#looksOf.of(caller) >= gatewayLooksOfCallerMax;
    if (isShareFull || this.#looks >= gatewayLooksMax) {
      const who = isShareFull ? `${gatewayLooksOfCallerMax} of your address` : gatewayLooksMax;
      throw new HttpProblem(503, "Overloaded", `${who} look already`);
    }
    this.#looks++;
    this.#looksOf.add(caller);
    const left = new AbortController();
    const signal = AbortSignal.any([left.signal, this.#ended]);
    signal.addEventListener("abort", () => {
      this.#looks--;
      this.#looksOf.remove(caller);
    }, { once: true });
    const utf8 = new TextEncoder();
    let nextMs = -Infinity;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        try {
          const waitMs = nextMs - this.#clock.now();
          if (waitMs > 0) await sleep(this.#clock, waitMs, signal);
          signal.throwIfAborted();
          nextMs = this.#clock.now() + gatewayLookMs;
          const view = JSON.stringify(await this.#servers.view(signal));
          controller.enqueue(utf8.encode(`data: ${view}\n\n`));
        } catch {
          // The page reconnects by itself.
          left.abort();
          controller.close();
        }
      },
      cancel: () => left.abort(),
    }, { highWaterMark: 0 });
    return reply(body, { headers: { "content-type": "text/event-stream", ...unbuffered } });
  }
}
