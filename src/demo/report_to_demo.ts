import { demoVariable } from "./demo_variable.ts";
import { LineConnection } from "./line_connection.ts";

/** A process's side of its demo's {@link "./reports.ts"}. */
export class DemoLink {
  readonly #connection: LineConnection;
  readonly #abort = new AbortController();
  readonly #told = Promise.withResolvers<void>();
  /** Resolves when the demo says something, or is gone. */
  readonly told: Promise<void> = this.#told.promise;

  private constructor(connection: LineConnection) {
    this.#connection = connection;
    void connection.read(() => this.#told.resolve()).then(() => {
      this.#abort.abort();
      this.#told.resolve();
    });
  }

  /**
   * Reports to the demo that has started this process. `undefined`: none has.
   *
   * @throws {Error} it has gone
   */
  static async open(): Promise<DemoLink | undefined> {
    const [port, word] = (Deno.env.get(demoVariable) ?? "").split(" ");
    // What this process starts is no process of the demo.
    Deno.env.delete(demoVariable);
    if (port === undefined || word === undefined) return undefined;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const link = new DemoLink(new LineConnection(conn));
    link.say(word);
    return link;
  }

  /** Aborts when the demo wants this process to end, or has ended itself in whatever way. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  say(line: string): void {
    this.#connection.say(line);
  }

  /** Says all that is to be said, and leaves. */
  async close(): Promise<void> {
    await this.#connection.said();
    this.#connection.close();
  }
}
