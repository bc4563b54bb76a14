import { messageOf as textOf, RpcError } from "../../base/errors.ts";
import { type Message, messageOf } from "../../gateway/agents/messages.ts";
import { LineSplitter } from "../../wire/lines.ts";
import { mcpUnreadBytesMax } from "../limits.ts";

/** Where lines come from, and where they go. */
interface LineStreams {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** The answer to a client that wants to be told of changes, and where it names the request. */
const acknowledged = "notifications/subscriptions/acknowledged";
const subscriptionId = "io.modelcontextprotocol/subscriptionId";

/**
 * A transport of MCP's SDK: messages as lines. The SDK's own reads numbers as JavaScript has them,
 * does not look for the end of its input, and leaves what it cannot read without an answer.
 */
export class LineTransport {
  onmessage?: (message: unknown) => void;
  onclose?: () => void;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: LineSplitter;
  /** The ids of requests that have no answer yet. */
  readonly #asked = new Set<unknown>();
  #answered = (): void => {};
  readonly #closed = Promise.withResolvers<void>();
  #isClosed = false;
  #problem: string | undefined;
  #written = Promise.resolve();
  #unreadBytes = 0;

  /** @param lineBytesMax longest line, LF included */
  constructor({ readable, writable }: LineStreams, lineBytesMax: number) {
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    this.#lines = new LineSplitter(lineBytesMax);
  }

  /** Why it had to close; `undefined` if its input has ended, or if nobody reads any more. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when it reads no more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Begins to read. */
  start(): Promise<void> {
    void this.#read();
    return Promise.resolve();
  }

  /** Resolves when what was sent is written, or cannot be. */
  get written(): Promise<void> {
    return this.#written;
  }

  /** Writes a message. Nobody is told where nobody reads any more: it closes. */
  send(message: unknown): Promise<void> {
    const { id, method, params } = message as Message;
    if (method === undefined) this.#settle(id);
    // A subscription lasts until the end, which must not wait for it.
    if (method === acknowledged) this.#settle(params?._meta?.[subscriptionId]);
    return this.#written = this.#write(message);
  }

  async #write(message: unknown): Promise<void> {
    if (this.#unreadBytes > mcpUnreadBytesMax) {
      this.#problem ??= "Cannot write results: nobody reads them";
      return await this.close();
    }
    const line = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    this.#unreadBytes += line.length;
    try {
      await this.#writer.write(line);
      this.#unreadBytes -= line.length;
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) {
        this.#problem ??= `Cannot write results: ${textOf(error)}`;
      }
      await this.close();
    }
  }

  /** Reads no more. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#answered();
    await this.#reader.cancel().catch(() => {});
    this.onclose?.();
    this.#closed.resolve();
  }

  async #read(): Promise<void> {
    try {
      while (!this.#isClosed) {
        const { value, done } = await this.#reader.read();
        if (done) {
          await this.#lastAnswers();
          break;
        }
        for (const line of this.#lines.push(value)) this.#take(line);
        // Where the next one would begin is not known.
        if (this.#lines.overflowed) break;
      }
    } catch (error) {
      this.#problem ??= `Cannot read stdin: ${textOf(error)}`;
    }
    await this.close();
  }

  #take(line: string | RpcError): void {
    const message = line instanceof RpcError ? line : messageOf(line, "line");
    if (!(message instanceof RpcError)) {
      const { id, method, params } = message;
      if (method !== undefined && id !== undefined) this.#asked.add(id);
      this.onmessage?.(message);
      // The SDK gives no answer to what was cancelled.
      if (method === "notifications/cancelled") this.#settle(params?.requestId);
      return;
    }
    const { code, message: text } = message;
    // Not waited for: while nobody reads answers, the end of the input has to be seen all the same.
    void this.send({ jsonrpc: "2.0", id: null, error: { code, message: text } });
  }

  #settle(id: unknown): void {
    this.#asked.delete(id);
    this.#answered();
  }

  /** Who sends all requests and then the end, as `rpc mcp < requests` does, waits for answers. */
  async #lastAnswers(): Promise<void> {
    while (this.#asked.size > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#answered = resolve);
    }
  }
}
