import type { Instance } from "../../../../src/discovery/discovery.ts";
import { instanceAt } from "../../../support/fake_discovery.ts";

/** What a server of these tests does with the calls that it gets. */
export interface Behaviour {
  /** Whether it says that the method may be called again. */
  readonly isIdempotent?: boolean;
  /** Says what it is asked for its methods. @default what our servers say */
  readonly describe?: (id: number, say: (text: string) => Promise<void>) => Promise<void>;
  /** Called with each call's number among all, from 1, and what writes a text to its caller. */
  readonly called: (call: number, say: (text: string) => Promise<void>, end: () => void) => unknown;
}

/** Servers on this machine that speak the protocol as far as a call needs it. */
export class Servers implements Disposable {
  readonly #listeners: Deno.Listener[] = [];
  readonly #connections = new Set<Deno.Conn>();
  readonly calls: string[] = [];
  connections = 0;

  start({ isIdempotent = false, describe, called }: Behaviour): Instance {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listeners.push(listener);
    const methods = [{ name: "work", "x-idempotent": isIdempotent }];
    describe ??= (id, say) => say(answer(id, { methods }));
    void (async () => {
      for await (const connection of listener) {
        this.connections++;
        this.#connections.add(connection);
        void this.#serve(connection, describe, called).catch(() => {});
      }
    })();
    return instanceAt(listener.addr.port);
  }

  async #serve(
    connection: Deno.Conn,
    describe: NonNullable<Behaviour["describe"]>,
    called: Behaviour["called"],
  ) {
    const say = async (text: string) => {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    };
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of connection.readable.values({ preventCancel: true })) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        const { id, method } = JSON.parse(line);
        if (method === "rpc.ping") await say(answer(id, "pong"));
        else if (method === "rpc.discover") await describe(id, say);
        else if (method === "work") {
          this.calls.push(line);
          await called(this.calls.length, say, () => connection.close());
        }
      }
    }
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) listener.close();
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch { /* It has ended. */ }
    }
  }
}

/** A line with a result. */
export function answer(id: number, result: unknown): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}\n`;
}
