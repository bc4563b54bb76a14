import { demoVariable } from "./demo_variable.ts";
import { LineConnection } from "./line_connection.ts";
import { demoWords } from "./record.ts";

/** A process's side of its demo's {@link "./reports.ts"}. */
export class DemoLink {
  readonly #connection: LineConnection;
  readonly #abort = new AbortController();
  readonly #begun = Promise.withResolvers<void>();
  /** Resolves when the demo says to begin, or is gone. */
  readonly begun: Promise<void> = this.#begun.promise;
  #isEnough = false;

  private constructor(connection: LineConnection) {
    this.#connection = connection;
    const hear = (line: string) => {
      if (line === demoWords.begin) this.#begun.resolve();
      if (line === demoWords.enough) this.#isEnough = true;
    };
    void connection.read(hear).then(() => {
      this.#abort.abort();
      this.#begun.resolve();
    });
  }

  /**
   * Connects to the demo that has started this process; `undefined`: no demo has.
   *
   * @throws {Error} it has gone
   */
  static async open(): Promise<DemoLink | undefined> {
    const [port, word] = (Deno.env.get(demoVariable) ?? "").split(" ");
    // Processes that this one starts are not to report to the demo.
    Deno.env.delete(demoVariable);
    if (port === undefined || word === undefined) return undefined;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    const link = new DemoLink(new LineConnection(conn));
    link.say(word);
    return link;
  }

  /**
   * Aborts when the demo wants this process to end, or when the demo itself has ended or crashed.
   */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Whether the demo has all that it needs: the client ends after its least number of calls then.
   */
  get isEnough(): boolean {
    return this.#isEnough;
  }

  say(line: string): void {
    this.#connection.say(line);
  }

  /** Sends what is still to be sent, and closes the connection. */
  async close(): Promise<void> {
    await this.#connection.said();
    this.#connection.close();
  }
}
