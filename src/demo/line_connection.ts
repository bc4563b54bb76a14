import { LineSplitter } from "../wire/lines.ts";
import { Outbox } from "../wire/outbox.ts";

const bufferBytes = 16 * 1024;

/** Longest line between a demo and its processes, in bytes: a short JSON object. */
const lineBytesMax = 4 * 1024;

/** A connection that lines are sent on both ways, for as long as both sides live. */
export class LineConnection {
  readonly #conn: Deno.Conn;
  readonly #outbox: Outbox;
  #isClosed = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#outbox = new Outbox(conn, () => this.close());
  }

  /** Sends a line, without its LF. */
  say(line: string): void {
    this.#outbox.push(`${line}\n`);
  }

  /**
   * Reads to the end of the connection, whatever ends it. `onLine` is handed the lines without
   * their LF.
   */
  async read(onLine: (line: string) => void): Promise<void> {
    const splitter = new LineSplitter(lineBytesMax);
    const buffer = new Uint8Array(bufferBytes);
    try {
      while (!splitter.overflowed) {
        const length = await this.#conn.read(buffer);
        if (length === null) break;
        for (const line of splitter.push(buffer.subarray(0, length))) {
          if (typeof line === "string") onLine(line);
        }
      }
    } catch {
      // The other side was killed, or this side has closed the connection: it has ended either way.
    }
    this.close();
  }

  /** Resolves when all lines were sent, or cannot be sent any more. */
  async said(): Promise<void> {
    await this.#outbox.drained();
  }

  /** Ends it. Does nothing the second time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#outbox.close();
    this.#conn.close();
  }
}
