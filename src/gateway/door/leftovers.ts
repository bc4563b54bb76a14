import { type Clock, sleep } from "../../base/clock.ts";
import { gatewayLeftoverBytesMax, gatewayLeftoverMs, gatewayLeftoversMax } from "../limits.ts";

/**
 * Reads and discards the rest of bodies whose requests are refused. If a body is not read, HTTP/1's
 * connection or HTTP/2's stream is reset, and the answer is usually lost.
 */
export class Leftovers {
  readonly #clock: Clock;
  #reading = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the request may be answered: its body has been read, or enough of it, or its
   * sender waits for `100 Continue`. Never rejects.
   */
  async read({ body, headers }: Pick<Request, "body" | "headers">): Promise<void> {
    if (body === null || body.locked || this.#reading >= gatewayLeftoversMax) return;
    const isWaiting = headers.get("expect")?.toLowerCase() === "100-continue";
    this.#reading++;
    const enough = new AbortController();
    void discard(body, () => enough.abort()).finally(() => this.#reading--);
    if (!isWaiting) await sleep(this.#clock, gatewayLeftoverMs, enough.signal);
  }
}

/**
 * Continues after enough was read, while the answer is being sent. Then the runtime ends it. Never
 * rejects.
 */
async function discard(body: ReadableStream<Uint8Array>, enough: () => void): Promise<void> {
  const reader = body.getReader();
  let bytes = 0;
  try {
    while (bytes < 2 * gatewayLeftoverBytesMax) {
      const { value, done } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes >= gatewayLeftoverBytesMax) enough();
    }
  } catch {
    // The sender has disconnected, or the answer was sent.
  }
  enough();
}
