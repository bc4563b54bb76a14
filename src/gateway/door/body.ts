import type { Clock } from "../../base/clock.ts";
import { DeadlineWheel } from "../../base/deadline_wheel.ts";
import { boundOfGateway, type MessageBound } from "../../wire/message_bound.ts";
import { gatewayBodiesBytesMax, gatewayBodyTimeoutMs, gatewayShortBodyBytes } from "../limits.ts";
import { HttpProblem } from "./problem.ts";

/**
 * Reads bodies, of which not too many bytes are held at once, whoever sends them and however
 * slowly.
 */
export class BodyReader {
  readonly #clock: Clock;
  readonly #bound: MessageBound;
  readonly #bytesMax: number;
  #bytes = 0;

  /** @param bound of one body */
  constructor(clock: Clock, bound: MessageBound = boundOfGateway()) {
    this.#clock = clock;
    this.#bound = bound;
    this.#bytesMax = Math.max(gatewayBodiesBytesMax, 2 * bound.bytes);
  }

  /**
   * A request's body as text.
   *
   * @throws {HttpProblem} it is too long (413), too slow (408), no UTF-8 (400) or compressed (415),
   * or there are too many (503)
   */
  async read(request: Request): Promise<string> {
    if (!isPlain(request.headers.get("content-encoding"))) throw encoded();
    const length = lengthOf(request);
    if (length !== undefined && length > this.#bound.bytes) {
      throw tooLong(`it is ${length} bytes long`, this.#bound);
    }
    const late = Promise.withResolvers<never>();
    const deadline = DeadlineWheel.of(this.#clock).add(
      this.#clock.now() + gatewayBodyTimeoutMs,
      () => late.reject(tooSlow()),
    );
    try {
      return length !== undefined && length <= gatewayShortBodyBytes
        ? await this.#readAtOnce(request, length, late.promise)
        : await this.#readPieces(request, late.promise);
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      throw new HttpProblem(400, "InvalidRequest", "Cannot read the body: it broke off");
    } finally {
      deadline.cancel();
    }
  }

  /** One that is short has come with its head as a rule, and a stream of it would cost more. */
  async #readAtOnce(request: Request, length: number, late: Promise<never>): Promise<string> {
    if (this.#bytes + length > this.#bytesMax) throw tooMany();
    this.#bytes += length;
    try {
      return decode(utf8, await Promise.race([request.bytes(), late]));
    } finally {
      this.#bytes -= length;
    }
  }

  async #readPieces({ body }: Request, late: Promise<never>): Promise<string> {
    if (body === null) return "";
    const reader = body.getReader();
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let held = 0;
    let text = "";
    try {
      while (true) {
        const { value, done } = await Promise.race([reader.read(), late]);
        if (done) return text + decode(decoder);
        held += value.length;
        this.#bytes += value.length;
        if (held > this.#bound.bytes) throw tooLong("it is longer", this.#bound);
        if (this.#bytes > this.#bytesMax) throw tooMany();
        text += decode(decoder, value, { stream: true });
      }
    } catch (error) {
      // Of what is refused for its length the rest may be read by whoever answers.
      if (error instanceof HttpProblem && error.status !== 408) reader.releaseLock();
      else void reader.cancel().catch(() => {});
      throw error;
    } finally {
      this.#bytes -= held;
    }
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws {HttpProblem} it is no UTF-8 */
function decode(decoder: TextDecoder, bytes?: Uint8Array, options?: TextDecodeOptions): string {
  try {
    return decoder.decode(bytes, options);
  } catch {
    throw new HttpProblem(400, "ParseError", "Cannot read the body: it is no UTF-8");
  }
}

/** Whether a body is sent as it is: some say so. */
function isPlain(encoding: string | null): boolean {
  return encoding === null || encoding === "" || encoding.toLowerCase() === "identity";
}

/** How long a body says it is, to which the runtime holds it; `undefined`: it says nothing. */
function lengthOf({ headers }: Request): number | undefined {
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}

function tooLong(what: string, { bytes, whose }: MessageBound): HttpProblem {
  const text = `Cannot take the body: ${what}, and ${bytes} is the most ${whose}`;
  return new HttpProblem(413, "InvalidRequest", text, { connection: "close" });
}

function encoded(): HttpProblem {
  const text = "Cannot take a compressed body: send it without Content-Encoding";
  return new HttpProblem(415, "InvalidRequest", text);
}

function tooSlow(): HttpProblem {
  const text = `Cannot wait for the body any longer than ${gatewayBodyTimeoutMs} ms`;
  return new HttpProblem(408, "InvalidRequest", text, { connection: "close" });
}

function tooMany(): HttpProblem {
  const text = "Cannot take the body: too many long ones are being read";
  return new HttpProblem(503, "Overloaded", text, { connection: "close" });
}
