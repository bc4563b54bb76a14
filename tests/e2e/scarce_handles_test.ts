/** Clients that have fewer file handles than servers, and servers than connections. */

import assert from "node:assert/strict";
import { notLinux, shTest } from "../support/posix.ts";
import { gatewayShortageToldMs } from "../../src/gateway/limits.ts";
import { startGateway } from "../support/gateway_process.ts";
import { receive, writeText } from "../support/raw_peer.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";
import { waitFor } from "../support/wait_for.ts";

/** What is left of it for connections is some forty. */
const fewHandles = "ulimit -n 64;";

/** Ports where the system takes connections and nobody ever answers. */
class SilentServers implements Disposable {
  readonly #listeners: readonly Deno.TcpListener[];

  constructor(count: number) {
    this.#listeners = Array.from(
      { length: count },
      () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
    );
  }

  at(host: string): string[] {
    return this.#listeners.map(({ addr }) => `${host}:${addr.port}`);
  }

  [Symbol.dispose](): void {
    for (const listener of this.#listeners) listener.close();
  }
}

shTest(
  "a client with fewer file handles than silent servers reaches the one that lives",
  async () => {
    await using home = await RpcHome.create();
    const server = await home.serve();
    using silent = new SilentServers(100);
    for (const host of ["127.0.0.1", "localhost"]) {
      const registry = `static:${[...silent.at(host), `${host}:${server.port}`].join()}`;
      const args = ["call", "fib", "10", "--timeout", "2m", "--registry", registry];
      const { code, stdout, stderr } = await home.run(args, { shell: fewHandles });
      assert.deepEqual([code, stdout], [0, "55\n"], stderr);
    }
  },
);

// Only Linux has all of 127.0.0.0/8, by which one server can be many.
Deno.test({
  ...skippedIf(
    notLinux,
    "a client with fewer file handles than live servers calls those it can hold, and lists all",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    const { port } = await home.serve(["0.0.0.0", "0", "--insecure"]);
    const addresses = Array.from({ length: 100 }, (_, i) => `127.0.1.${i + 1}:${port}`);
    const options = { shell: fewHandles };
    const registry = ["--registry", `static:${addresses.join()}`];
    const calls = await home.run(["call", "ping", "--repeat", "500", ...registry], options);
    assert.equal(calls.code, 0, calls.stderr);
    assert.equal(calls.stdout.match(/"pong"/g)?.length, 500);
    const servers = await home.run(["servers", ...registry], options);
    assert.equal(servers.code, 0, servers.stderr);
    assert.equal(servers.stdout.match(/answers in/g)?.length, 100, servers.stdout);

    // A gateway leaves some for those who call it.
    const startedAtMs = Date.now();
    const gateway = await startGateway(home, registry, options);
    const held: Deno.TcpConn[] = [];
    try {
      await gateway.process.says(/Too few file handles/);
      const { hostname, port } = new URL(gateway.url);
      const request = "POST /call/ping HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n" +
        `authorization: Bearer ${gateway.token}\r\n\r\n`;
      const call = async () => {
        const conn = await Deno.connect({ hostname, port: Number(port) });
        held.push(conn);
        const answer = receive(conn);
        await writeText(conn, request);
        await waitFor("an answer", () => answer.text.includes('"pong"') || answer.isEnded);
        return answer.text.includes('"pong"');
      };
      for (let i = 0; i < 12; i++) assert.ok(await call(), `the connection ${i}`);
      // Each time that there is none those that wait for nothing are closed, which is not told
      // each time.
      let refused = 0;
      await waitFor("three refusals", async () => {
        if (!await call().catch(() => false)) refused++;
        return refused >= 3;
      });
      await gateway.process.says(/Cannot take connections/);
      const told = gateway.process.stderr.match(/Cannot take connections/g)?.length ?? 0;
      assert.ok(told <= 1 + (Date.now() - startedAtMs) / gatewayShortageToldMs);
    } finally {
      for (const conn of held) conn.close();
    }
  },
});

const request = (id: number, n: number, timeoutMs: number) =>
  `{"jsonrpc":"2.0","id":${id},"method":"fib","params":[${n}],"meta":{"timeoutMs":${timeoutMs}}}\n`;

// To see it fail: let connectionsFor in src/library/running/listen.ts return what is wanted.
Deno.test({
  ...skippedIf(
    notLinux,
    "a server with few file handles holds fewer connections, and replaces workers all the same",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    const server = await home.serve(["--workers", "1"], { shell: fewHandles });
    assert.match(server.stderr, /Can hold fewer connections than wanted/);
    const address = { hostname: "127.0.0.1", port: server.port };
    const held: Deno.TcpConn[] = [];
    try {
      const first = await Deno.connect(address);
      held.push(first);
      const answers = receive(first);
      await writeText(first, request(1, 20, 60_000));
      await waitFor("an answer", () => answers.text.includes('"id":1,"result":6765'));
      await waitFor("no room for one more", async () => {
        const conn = await Deno.connect(address);
        held.push(conn);
        await writeText(conn, '{"jsonrpc":"2.0","id":1,"method":"rpc.ping"}\n');
        const answer = receive(conn);
        await waitFor("an answer", () => answer.text !== "" || answer.isEnded);
        return /Cannot take the connection: \d+ are open already/.test(answer.text);
      });
      // It is killed at the deadline.
      await writeText(first, request(2, 78, 100));
      await waitFor("the deadline", () => answers.text.includes('"id":2,"error"'));
      await writeText(first, request(3, 20, 60_000));
      await waitFor("an answer of the next worker", () => answers.text.includes('"id":3,'));
      assert.match(answers.text, /"id":3,"result":6765/);
      assert.doesNotMatch(server.stderr, /Too many open files/);
    } finally {
      for (const conn of held) conn.close();
    }
  },
});
