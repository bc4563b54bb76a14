/** Clients that have fewer file handles than there are servers. */

import assert from "node:assert/strict";
import { notLinux, shTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

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
      const args = ["call", "fib", "10", "--registry", registry];
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
  },
});
