import { briefAnswerBytesMax, heartbeatTimeoutMs } from "../../../base/limits.ts";
import type { HostPort } from "../../../base/names/host_port.ts";
import type { Duplex } from "../../../client/transport.ts";
import type { Params } from "../../../wire/message.ts";
import { plainRequest, readResultFast } from "../../../wire/fast_path.ts";
import { reservedMethods } from "../../../wire/reserved.ts";

const lineFeed = 0x0a;

/** What a server may say ahead of the answer: for a single call it means nothing. */
const idleLine = `{"jsonrpc":"2.0","method":"${reservedMethods.idle}"}`;

/** A call as it is sent. */
interface BriefRequest {
  readonly method: string;
  readonly params: Params;
  /** How much time it has, in milliseconds. */
  readonly timeoutMs: number;
  /** Items that a stream may send at first. */
  readonly credit: number;
}

/** What was sent and what came, for a client that takes the connection over. */
export interface ExchangeSoFar {
  readonly connection: Duplex;
  /** The lines of the greeting that were sent, each with its LF. */
  readonly greeting: readonly string[];
  /** The call's, if it was sent. */
  readonly call: string | undefined;
  /** Resolves when the last line is on its way. */
  readonly sending: Promise<unknown>;
  /** The answers to the greeting; if the call was not sent, all that came. */
  readonly greeted: Uint8Array;
  /** What came since. */
  readonly came: Uint8Array;
  /** What comes next, if a read is under way; `null` is the end. */
  readonly next: Promise<Uint8Array | null> | undefined;
}

/** Connects without keys. Rejects if that fails, with no connection left. */
export async function connectPlainly({ host, port }: HostPort): Promise<Duplex> {
  const connection = await Deno.connect({ hostname: host, port });
  try {
    connection.setNoDelay(true);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * One call on a connection of its own, written and read with the least code that can. It greets the
 * server as the client does (`links/link.ts`), and knows one good end: an answer with a result, in
 * the form that our servers write, and soon.
 */
export class Exchange {
  readonly #connection: Duplex;
  readonly #late: Promise<undefined>;
  readonly #greeting: string[] = [];
  #call: string | undefined;
  readonly #buffer = new Uint8Array(briefAnswerBytesMax);
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #length = 0;
  /** Where the next line begins. */
  #at = 0;
  #greetedLength = 0;
  #sending: Promise<unknown> = Promise.resolve();
  #reading: Promise<number | null> | undefined;

  /**
   * @param connection to a server, with all that comes before the client's own lines
   * @param late resolves when nothing is waited for any more
   */
  constructor(connection: Duplex, late: Promise<undefined>) {
    this.#connection = connection;
    this.#late = late;
  }

  /** Whether the server greets as ours do, soon, and says nothing else. Never rejects. */
  async greet(messageMax: number): Promise<boolean> {
    const meta = { timeoutMs: heartbeatTimeoutMs };
    const lines = [
      plainRequest(1, reservedMethods.ping, undefined, meta),
      plainRequest(2, reservedMethods.discover, { messageMax }, meta),
    ].filter((line) => line !== undefined);
    this.#greeting.push(...lines);
    this.#send(lines.join(""));
    // A client that reads anything else here would not go on with the call, but make it anew.
    if (await this.#answerTo(1) === undefined || await this.#answerTo(2) === undefined) {
      return false;
    }
    this.#greetedLength = this.#at;
    return this.#at === this.#length;
  }

  /**
   * Sends the call, and resolves to its result; `undefined` if something else comes, or nothing.
   * Never rejects.
   */
  async call(
    { method, params, timeoutMs, credit }: BriefRequest,
  ): Promise<{ readonly result: unknown } | undefined> {
    this.#call = plainRequest(3, method, params, { timeoutMs, stream: credit });
    if (this.#call === undefined) return undefined;
    this.#send(this.#call);
    return await this.#answerTo(3);
  }

  /** What a client needs to go on. */
  get soFar(): ExchangeSoFar {
    const [buffer, length] = [this.#buffer, this.#length];
    const greetedLength = this.#call === undefined ? length : this.#greetedLength;
    const next = this.#reading?.then((read) =>
      read === null ? null : buffer.subarray(length, length + read)
    );
    // Whoever reads it is told, and that may be later, or nobody.
    next?.catch(() => {});
    return {
      connection: this.#connection,
      greeting: this.#greeting,
      call: this.#call,
      sending: this.#sending,
      greeted: buffer.subarray(0, greetedLength),
      came: buffer.subarray(greetedLength, length),
      next,
    };
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  #send(text: string): void {
    this.#sending = this.#write(new TextEncoder().encode(text));
    // Whoever reads learns of it, too.
    this.#sending.catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let left = bytes; left.length > 0;) {
      left = left.subarray(await this.#connection.write(left));
    }
  }

  /** The result in the next line; `undefined` if that is anything else, or does not come. */
  async #answerTo(id: number): Promise<{ readonly result: unknown } | undefined> {
    try {
      const line = await this.#line();
      const answer = readResultFast((line === idleLine ? await this.#line() : line) ?? "");
      return answer?.id === id ? { result: answer.result } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The next line; `undefined` if it is late or long, or the stream ends. */
  async #line(): Promise<string | undefined> {
    while (true) {
      const end = this.#buffer.subarray(0, this.#length).indexOf(lineFeed, this.#at);
      if (end >= 0) {
        const line = this.#utf8.decode(this.#buffer.subarray(this.#at, end));
        this.#at = end + 1;
        return line;
      }
      if (this.#length === this.#buffer.length) return undefined;
      this.#reading ??= this.#connection.read(this.#buffer.subarray(this.#length));
      const read = await Promise.race([this.#reading, this.#late]);
      if (!read) return undefined;
      this.#reading = undefined;
      this.#length += read;
    }
  }
}
