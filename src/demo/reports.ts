/**
 * How a demo hears from its processes, and they from it: by lines over a connection of the
 * loopback, which each of them opens. Not by pipes, of which Deno on Windows can read few at a
 * time: each holds one of its four threads a core for good. The end of the connection is the word
 * to end, which every system has.
 */

import { LineConnection } from "./line_connection.ts";

/** One process's way to its demo. */
export interface Reporter {
  /** For its environment: where it reports to, and the word that says who it is. It counts once. */
  readonly invitation: string;
  /** Resolves when nothing more will be heard of it. */
  readonly ended: Promise<void>;
  say(line: string): void;
  /** Asks it to end, also before it has come. */
  close(): void;
  /** The process has gone: what it has not said by now it never will. */
  gone(): void;
}

/** Where the processes of a demo report. Strangers that come there are sent away. */
export class Reports {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<LineConnection>();
  readonly #awaited = new Map<
    string,
    (connection: LineConnection) => (line: string | undefined) => void
  >();

  constructor() {
    void this.#accept();
  }

  /** Awaits a process, whose lines are handed to `onLine`. */
  await(onLine: (line: string) => void): Reporter {
    const word = crypto.randomUUID();
    const { port } = this.#listener.addr as Deno.NetAddr;
    const ended = Promise.withResolvers<void>();
    let connection: LineConnection | undefined;
    this.#awaited.set(word, (found) => {
      connection = found;
      return (line) => line === undefined ? ended.resolve() : onLine(line);
    });
    const forget = () => {
      this.#awaited.delete(word);
      if (connection === undefined) ended.resolve();
    };
    return {
      invitation: `${port} ${word}`,
      ended: ended.promise,
      say: (line) => connection?.say(line),
      close() {
        forget();
        connection?.close();
      },
      gone: forget,
    };
  }

  /** Ends all. */
  close(): void {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) void this.#take(new LineConnection(conn));
    } catch {
      // Closed while somebody came.
    }
  }

  async #take(connection: LineConnection): Promise<void> {
    this.#connections.add(connection);
    let hear: ((line: string | undefined) => void) | undefined;
    await connection.read((line) => {
      if (hear !== undefined) return hear(line);
      hear = this.#awaited.get(line)?.(connection);
      this.#awaited.delete(line);
      if (hear === undefined) connection.close();
    });
    hear?.(undefined);
    this.#connections.delete(connection);
  }
}
