import assert from "node:assert/strict";
import * as z from "zod";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { connectGreeted } from "../../../src/client/tls/tls_transport.ts";
import type { Duplex } from "../../../src/client/transport.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { RpcServer } from "../../../src/server/server.ts";
import { listenTls } from "../../../src/server/tls_listener.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { within } from "../../support/wait_for.ts";

/** What is heard of a call. */
interface Heard {
  readonly method: string;
  readonly caller: string;
  readonly params: string | null;
}

/** A connection of a member that is read line by line. */
class Session {
  readonly #duplex: Duplex;
  #text = "";

  constructor(duplex: Duplex) {
    this.#duplex = duplex;
  }

  async send(request: Record<string, unknown>): Promise<void> {
    const line = JSON.stringify({ jsonrpc: "2.0", ...request });
    await this.#duplex.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The items of the next message that has some. */
  async items(): Promise<(Heard | null)[]> {
    while (true) {
      const end = this.#text.indexOf("\n");
      if (end === -1) {
        const buffer = new Uint8Array(4_096);
        const length = await within("a message", this.#duplex.read(buffer));
        assert.ok(length !== null);
        this.#text += new TextDecoder().decode(buffer.subarray(0, length));
        continue;
      }
      const { params } = JSON.parse(this.#text.slice(0, end));
      this.#text = this.#text.slice(end + 1);
      if (params?.items !== undefined) return params.items;
    }
  }

  /** As many calls as are asked for. */
  async heard(count: number): Promise<Heard[]> {
    const calls: Heard[] = [];
    while (calls.length < count) {
      calls.push(...(await this.items()).filter((item) => item !== null));
    }
    return calls;
  }

  close(): void {
    this.#duplex.close();
  }
}

Deno.test("who listens sees no parameters of a procedure that is for others (P-76)", async () => {
  await using cluster = await TestCluster.create();
  const input = z.tuple([z.string()]);
  const output = z.string();
  const secret = defineProcedure(
    { input, output, kind: "inline", callers: ["alice"] },
    ([text]) => text,
  );
  const open = defineProcedure({ input, output, kind: "inline" }, ([text]) => text);
  const log = silentLogger;
  const place = { host: "127.0.0.1", port: 0, clock: systemClock, log };
  const keys = cluster.ring(await cluster.member("server"));
  const server = RpcServer.listen({
    ...place,
    listener: await listenTls({ ...place, keys }),
    procedures: { secret, open },
    service: "rpc",
    version: "1",
  });
  const instance = instanceAt(server.address.port, { cluster: cluster.id });
  const sessions: Record<string, Session> = {};
  try {
    for (const name of ["alice", "bob", "carol"]) {
      const keys = cluster.ring(await cluster.member(name)).current();
      const { duplex } = await connectGreeted(keys, instance, new AbortController().signal);
      sessions[name] = new Session(duplex);
    }
    const { alice, bob, carol } = sessions as Record<"alice" | "bob" | "carol", Session>;
    for (const listener of [alice, bob]) {
      await listener.send({ id: "tap", method: "rpc.tap", meta: { stream: 8 } });
      assert.deepEqual((await listener.items())[0], null);
    }
    await alice.send({ id: 1, method: "secret", params: ["hidden"] });
    await carol.send({ id: 1, method: "secret", params: ["refused"] });
    await carol.send({ id: 2, method: "open", params: ["shown"] });
    const heard = async (listener: Session) =>
      Object.fromEntries(
        (await listener.heard(3)).map((
          { method, caller, params },
        ) => [`${caller} ${method}`, params]),
      );
    assert.deepEqual(await heard(bob), {
      "alice secret": null,
      "carol secret": null,
      "carol open": '["shown"]',
    });
    assert.deepEqual(await heard(alice), {
      "alice secret": '["hidden"]',
      "carol secret": '["refused"]',
      "carol open": '["shown"]',
    });
  } finally {
    for (const session of Object.values(sessions)) session.close();
    await server.close();
  }
});
