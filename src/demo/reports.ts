/**
 * How a demo and its processes talk: by lines over a connection on the loopback, which each process
 * opens. Pipes would not do: on Windows Deno can read only a few at a time, since each blocks one
 * of its four threads a core. Closing the connection asks a process to end, which works on every
 * system.
 */

import { LineConnection } from "./line_connection.ts";

/** The demo's side of one process's connection. */
export interface Reporter {
  /**
   * For the process's environment: the port to report to, and a secret that tells who it is. The
   * secret is good for one connection.
   */
  readonly invitation: string;
  /** Resolves when the process will report nothing more. */
  readonly ended: Promise<void>;
  say(line: string): void;
  /** Asks it to end, also before it has connected. */
  close(): void;
  /** To be called when the process has ended: what it has not reported by now it never will. */
  gone(): void;
}

/** Listens for the processes of a demo. Connections of other programs are closed. */
export class Reports {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<LineConnection>();
  readonly #awaited = new Map<
    string,
    (connection: LineConnection) => (line: string | undefined) => void
  >();
  #isClosed = false;

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
    this.#isClosed = true;
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        // It was on its way as the listener was closed: nobody would close it any more.
        if (this.#isClosed) return conn.close();
        void this.#take(new LineConnection(conn));
      }
    } catch {
      // It was closed while a process connected.
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
