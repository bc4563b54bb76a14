import { type Clock, sleep } from "../../base/clock.ts";
import { gatewayLeftoverBytesMax, gatewayLeftoverMs, gatewayLeftoversMax } from "../limits.ts";

/**
 * Reads what is left of bodies whose requests are refused, and throws it away. An answer is lost as
 * a rule where a body is not read: HTTP/1's connection is reset then, and HTTP/2's stream.
 */
export class Leftovers {
  readonly #clock: Clock;
  #reading = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the request may be answered: its body has been read, or enough of it. Who waits
   * to be asked for his body is answered at once. Never rejects.
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
 * Goes on after it was enough, while the answer is on its way: the runtime ends it then. Never
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
    // Its sender has gone, or the answer is sent.
  }
  enough();
}
