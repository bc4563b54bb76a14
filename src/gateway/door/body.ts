import type { Clock } from "../../base/clock.ts";
import { messageMaxDefault } from "../../base/limits.ts";
import { gatewayBodiesBytesMax, gatewayBodyTimeoutMs } from "../limits.ts";
import { HttpProblem } from "./problem.ts";

/**
 * Reads bodies, of which not too many bytes are held at once, whoever sends them and however
 * slowly.
 */
export class BodyReader {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #bytes = 0;

  /** @param timeoutMs for one body */
  constructor(clock: Clock, timeoutMs: number = gatewayBodyTimeoutMs) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * A request's body as text.
   *
   * @throws {HttpProblem} it is too long (413), too slow (408), no UTF-8 (400), or there are too
   * many (503)
   */
  async read(request: Request): Promise<string> {
    const { body } = request;
    if (body === null) return "";
    if (Number(request.headers.get("content-length")) > messageMaxDefault) throw tooLong();
    const reader = body.getReader();
    const late = Promise.withResolvers<never>();
    const timer = this.#clock.after(this.#timeoutMs, () => late.reject(tooSlow(this.#timeoutMs)));
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let held = 0;
    let text = "";
    try {
      while (true) {
        const { value, done } = await Promise.race([reader.read(), late.promise]);
        if (done) return text + decoder.decode();
        held += value.length;
        this.#bytes += value.length;
        if (held > messageMaxDefault) throw tooLong();
        if (this.#bytes > gatewayBodiesBytesMax) throw tooMany();
        text += decoder.decode(value, { stream: true });
      }
    } catch (error) {
      void reader.cancel().catch(() => {});
      if (error instanceof HttpProblem) throw error;
      if (error instanceof TypeError) throw new HttpProblem(400, "ParseError", notUtf8);
      throw new HttpProblem(400, "InvalidRequest", "Cannot read the body: it broke off");
    } finally {
      timer.cancel();
      this.#bytes -= held;
    }
  }
}

const notUtf8 = "Cannot read the body: it is no UTF-8";

function tooLong(): HttpProblem {
  const text = `Cannot take the body: ${messageMaxDefault} bytes is the most`;
  return new HttpProblem(413, "InvalidRequest", text, { connection: "close" });
}

function tooSlow(timeoutMs: number): HttpProblem {
  const text = `Cannot wait for the body any longer than ${timeoutMs} ms`;
  return new HttpProblem(408, "InvalidRequest", text, { connection: "close" });
}

function tooMany(): HttpProblem {
  const text = "Cannot take the body: too many long ones are being read";
  return new HttpProblem(503, "Overloaded", text, { connection: "close" });
}
