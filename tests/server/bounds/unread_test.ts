import assert from "node:assert/strict";
import * as z from "zod";
import { crowdedOutboxBytesMax, unreadBytesCrowded } from "../../../src/server/limits.ts";
import { giveWay } from "../../../src/base/system/give_way.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import type { Accepted, Listener } from "../../../src/server/listener.ts";
import { waitFor } from "../../support/wait_for.ts";
import { serverTest } from "../fixtures/harness.ts";

const answerBytes = 16 * 1024;

/** Peers that send what they are given at once, and read nothing before the test says so. */
class SilentPeers implements Listener {
  readonly addr = { host: "127.0.0.1", port: 1 };
  readonly #waiting: Accepted[];
  readonly #reads = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<null>();
  written = 0;

  constructor(count: number, sent: Uint8Array) {
    this.#waiting = Array.from({ length: count }, () => this.#peer(sent));
  }

  /** From now on all read all that they are sent. */
  read(): void {
    this.#reads.resolve();
  }

  async accept(): Promise<Accepted> {
    const next = this.#waiting.shift();
    if (next !== undefined) return next;
    await this.#closed.promise;
    throw new Deno.errors.BadResource("closed");
  }

  close(): void {
    this.#closed.resolve(null);
  }

  #peer(sent: Uint8Array): Accepted {
    let rest = sent;
    return {
      from: "127.0.0.1:2",
      caller: undefined,
      connection: {
        read: (buffer) => {
          if (rest.length === 0) return this.#closed.promise;
          const part = rest.subarray(0, buffer.length);
          buffer.set(part);
          rest = rest.subarray(part.length);
          return Promise.resolve(part.length);
        },
        write: async ({ length }) => {
          await this.#reads.promise;
          this.written += length;
          return length;
        },
        closeWrite: () => Promise.resolve(),
        close: () => this.close(),
      },
    };
  }
}

serverTest(
  "answers for many who do not read stop being made long before each has its own share, and go on when they read",
  async (harness) => {
    let made = 0;
    const answer = defineProcedure(
      { input: z.tuple([]), output: z.string(), kind: "inline" },
      () => {
        made++;
        return "x".repeat(answerBytes);
      },
    );
    const [peers, callsEach] = [100, 50];
    const line = '{"jsonrpc":"2.0","id":1,"method":"answer"}\n';
    const listener = new SilentPeers(peers, new TextEncoder().encode(line.repeat(callsEach)));
    harness.listen({ listener, procedures: { answer } });
    // Each leaves as much unread as it may while many do.
    await waitFor("answers for all", () => made * answerBytes >= peers * crowdedOutboxBytesMax);
    for (let i = 0; i < 20; i++) await new Promise<void>(giveWay);
    const bytesMax = unreadBytesCrowded + peers * (crowdedOutboxBytesMax + 2 * answerBytes);
    assert.ok(made > peers && made * answerBytes <= bytesMax, `${made} answers`);
    listener.read();
    await waitFor("all answers", () => made === peers * callsEach);
  },
);
