import { briefAnswerBytesMax, heartbeatTimeoutMs } from "../../../base/limits.ts";
import type { HostPort } from "../../../base/names/host_port.ts";
import type { Params } from "../../../wire/message.ts";
import { readResultFast } from "../../../wire/fast_path.ts";
import { plainRequest } from "../../../wire/requests/plain_request.ts";
import { reservedMethods } from "../../../wire/reserved.ts";

const lineFeed = 0x0a;

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
  readonly connection: Deno.TcpConn;
  /** All lines that were sent, the call last, each with its LF. */
  readonly lines: readonly string[];
  /** Resolves when the last of them is on its way. */
  readonly sending: Promise<unknown>;
  /** The answers to the lines before the call. */
  readonly greeted: Uint8Array;
  /** What came since. */
  readonly came: Uint8Array;
  /** What comes next, if a read is under way; `null` is the end. */
  readonly next: Promise<Uint8Array | null> | undefined;
}

/**
 * One call on a connection of its own, written and read with the least code that can. It greets the
 * server as the client does (`links/link.ts`), and knows one good end: an answer with a result, in
 * the form that our servers write, and soon.
 */
export class Exchange {
  readonly #connection: Deno.TcpConn;
  readonly #late: Promise<undefined>;
  readonly #lines: string[] = [];
  readonly #buffer = new Uint8Array(briefAnswerBytesMax);
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #length = 0;
  /** Where the next line begins. */
  #at = 0;
  #greetedLength = 0;
  #sending: Promise<unknown> | undefined;
  #reading: Promise<number | null> | undefined;

  private constructor(connection: Deno.TcpConn, late: Promise<undefined>) {
    this.#connection = connection;
    this.#late = late;
  }

  /**
   * Connects; `undefined` if that takes long. Rejects if it fails.
   *
   * @param late resolves when nothing is waited for any more
   */
  static async with(
    { host, port }: HostPort,
    late: Promise<undefined>,
  ): Promise<Exchange | undefined> {
    const connecting = Deno.connect({ hostname: host, port });
    const connection = await Promise.race([connecting, late]);
    if (connection === undefined) {
      connecting.then((connected) => connected.close(), () => {});
      return undefined;
    }
    connection.setNoDelay(true);
    return new Exchange(connection, late);
  }

  /** Whether the server greets as ours do, and says nothing else. Rejects if the stream fails. */
  async greet(messageMax: number): Promise<boolean> {
    const meta = { timeoutMs: heartbeatTimeoutMs };
    const sent = this.#send(
      plainRequest(1, reservedMethods.ping, undefined, meta),
      plainRequest(2, reservedMethods.discover, { messageMax }, meta),
    );
    if (!sent) return false;
    const pong = readResultFast(await this.#line() ?? "");
    const description = pong?.id === 1 ? await this.#line() : undefined;
    this.#greetedLength = this.#at;
    // What it says of its methods is only read if the call is handed on.
    return description?.startsWith('{"jsonrpc":"2.0","id":2,"result":') === true &&
      this.#at === this.#length;
  }

  /**
   * Sends the call, and resolves to its result; `undefined` if something else comes, or nothing.
   * Never rejects.
   */
  async call(
    { method, params, timeoutMs, credit }: BriefRequest,
  ): Promise<{ readonly result: unknown } | undefined> {
    const request = plainRequest(3, method, params, { timeoutMs, stream: credit });
    if (!this.#send(request)) return undefined;
    try {
      const answer = readResultFast(await this.#line() ?? "");
      return answer?.id === 3 ? { result: answer.result } : undefined;
    } catch {
      return undefined;
    }
  }

  /** What a client needs to go on; `undefined` if the call was not sent. */
  get soFar(): ExchangeSoFar | undefined {
    if (this.#lines.length < 3 || this.#sending === undefined) return undefined;
    const [buffer, length] = [this.#buffer, this.#length];
    const next = this.#reading?.then((read) =>
      read === null ? null : buffer.subarray(length, length + read)
    );
    // Whoever reads it is told, and that may be later, or nobody.
    next?.catch(() => {});
    return {
      connection: this.#connection,
      lines: this.#lines,
      sending: this.#sending,
      greeted: buffer.subarray(0, this.#greetedLength),
      came: buffer.subarray(this.#greetedLength, length),
      next,
    };
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  /** Sends lines, unless one of them cannot be written here. */
  #send(...lines: readonly (string | undefined)[]): boolean {
    const text = lines.join("");
    if (lines.includes(undefined)) return false;
    this.#lines.push(...lines.filter((line) => line !== undefined));
    this.#sending = this.#write(new TextEncoder().encode(text));
    // Whoever reads learns of it, too.
    this.#sending.catch(() => {});
    return true;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let left = bytes; left.length > 0;) {
      left = left.subarray(await this.#connection.write(left));
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
