import { Budget, type BudgetHolder } from "../../base/bounds/budget.ts";
import type { Clock } from "../../base/clock.ts";
import { DeadlineWheel } from "../../base/deadline_wheel.ts";
import { boundOfGateway, type MessageBound } from "../../wire/message_bound.ts";
import {
  gatewayBodiesBytesMax,
  gatewayBodyTimeoutMs,
  gatewayShortBodyBytes,
  gatewayStuckMs,
} from "../limits.ts";
import type { Sender } from "./connections.ts";
import { HttpProblem } from "./problem.ts";

/** A sender makes progress with each such amount. */
const progressBytes = 64 * 1024;

/** A body that has not arrived completely. */
interface Waiting {
  /** When it last made progress, or began. */
  sinceMs: number;
  giveUp(): void;
}

/** Whose body it is. */
type BodySender = Pick<Sender, "address" | "connection">;

/**
 * Reads bodies within a bound on the bytes of all of them. When it is exceeded, the address that
 * has most of them loses one: one that makes no progress, if it asked for more itself.
 */
export class BodyReader {
  readonly #clock: Clock;
  readonly #bound: MessageBound;
  readonly #held: Budget;
  /** All unfinished bodies, the one first that has stood still for longest. */
  readonly #waiting = new Set<Waiting>();

  /** @param bound the longest body */
  constructor(clock: Clock, bound: MessageBound = boundOfGateway()) {
    this.#clock = clock;
    this.#bound = bound;
    this.#held = new Budget(Math.max(gatewayBodiesBytesMax, 2 * bound.bytes), clock, {
      stuckMsMin: gatewayStuckMs,
    });
  }

  /**
   * Gives up the body that has stood still for longest, if that is long. Returns whether it did.
   */
  makeRoom(): boolean {
    const [oldest] = this.#waiting;
    if (oldest === undefined || this.#clock.now() - oldest.sinceMs < gatewayStuckMs) return false;
    this.#waiting.delete(oldest);
    oldest.giveUp();
    return true;
  }

  /**
   * A request's body as text.
   *
   * @param sender its connection is told when the whole body has come: what it brought is then no
   * longer what the runtime keeps of it
   * @throws {HttpProblem} it is too long (413), too slow (408), no UTF-8 (400) or compressed (415),
   * or there are too many (503)
   */
  async read(request: Request, { address, connection }: BodySender): Promise<string> {
    const text = await this.#read(request, address);
    connection?.message();
    return text;
  }

  async #read(request: Request, address: string): Promise<string> {
    if (!isPlain(request.headers.get("content-encoding"))) throw encoded();
    const length = lengthOf(request);
    if (length !== undefined && length > this.#bound.bytes) {
      throw tooLong(`it is ${length} bytes long`, this.#bound);
    }
    const late = Promise.withResolvers<never>();
    const nowMs = this.#clock.now();
    const deadline = DeadlineWheel.of(this.#clock).add(
      nowMs + gatewayBodyTimeoutMs,
      () => late.reject(tooSlow()),
    );
    const waiting: Waiting = { sinceMs: nowMs, giveUp: () => late.reject(stoodStill()) };
    this.#waiting.add(waiting);
    try {
      return length !== undefined && length <= gatewayShortBodyBytes
        ? decode(utf8, await Promise.race([request.bytes(), late.promise]))
        : await this.#readPieces(request, late, waiting, address);
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      throw new HttpProblem(400, "InvalidRequest", "Cannot read the body: it broke off");
    } finally {
      deadline.cancel();
      this.#waiting.delete(waiting);
    }
  }

  /** Puts a body behind those that have made no progress since. */
  #wentOn(waiting: Waiting): void {
    waiting.sinceMs = this.#clock.now();
    if (this.#waiting.delete(waiting)) this.#waiting.add(waiting);
  }

  async #readPieces(
    { body }: Request,
    late: PromiseWithResolvers<never>,
    waiting: Waiting,
    owner: string,
  ): Promise<string> {
    if (body === null) return "";
    const reader = body.getReader();
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let heldBytes = 0;
    const holder: BudgetHolder = {
      owner,
      heldBytes: () => heldBytes,
      progress: () => Math.floor(heldBytes / progressBytes),
      giveUp: () => late.reject(stoodStill()),
    };
    let text = "";
    try {
      while (true) {
        const { value, done } = await Promise.race([reader.read(), late.promise]);
        if (done) return text + decode(decoder);
        const before = holder.progress();
        heldBytes += value.length;
        if (holder.progress() !== before) this.#wentOn(waiting);
        if (heldBytes > this.#bound.bytes) throw tooLong("it is longer", this.#bound);
        this.#held.count(holder);
        if (this.#held.isFullFor(owner)) throw tooMany();
        text += decode(decoder, value, { stream: true });
      }
    } catch (error) {
      // The rest of a refused body may be read by whoever answers.
      if (error instanceof HttpProblem && error.status !== 408) reader.releaseLock();
      else void reader.cancel().catch(() => {});
      throw error;
    } finally {
      this.#held.forget(holder);
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

/** Whether a body is not compressed. */
function isPlain(encoding: string | null): boolean {
  return encoding === null || encoding === "" || encoding.toLowerCase() === "identity";
}

/** The body's announced length, which the runtime enforces; `undefined` if there is none. */
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

function stoodStill(): HttpProblem {
  const text = "Cannot wait for the body any longer: it did not go on, and others need the room";
  return new HttpProblem(408, "InvalidRequest", text, { connection: "close" });
}

function tooMany(): HttpProblem {
  const text = "Cannot take the body: too many long ones are being read";
  return new HttpProblem(503, "Overloaded", text, { connection: "close" });
}
