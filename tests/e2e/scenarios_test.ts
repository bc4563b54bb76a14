import assert from "node:assert/strict";
import type { RpcHome, RpcProcess, RpcServerProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { registryTests } from "./registries.ts";

const test = registryTests();

/** What each client calls, over and over: as in the README, but for the size of fib. */
const procedures = [["ping", "{i}"], ["pi", "{i}"], ["fib", "24"]] as const;

/**
 * A client that calls until it is interrupted, and the calls that it has had answered by server.
 */
class Client {
  readonly process: RpcProcess;
  readonly answers = new Map<string, number>();
  #seen = 0;

  constructor(home: RpcHome, call: readonly string[]) {
    this.process = home.start(["call", ...call, "--repeat", "100000000", "--json"]);
  }

  /** Counts what has come since. */
  count(): void {
    const { lines } = this.process;
    for (; this.#seen < lines.length; this.#seen++) {
      const { result, server } = JSON.parse(lines[this.#seen] ?? "");
      assert.notEqual(result, undefined, `${lines[this.#seen]}`);
      this.answers.set(server, (this.answers.get(server) ?? 0) + 1);
    }
  }

  forget(): void {
    this.count();
    this.answers.clear();
  }

  /** Ctrl-C; it must not have seen an error. */
  async stop(): Promise<void> {
    this.process.signal("SIGINT");
    assert.equal(await this.process.ended(), 130, this.process.describe());
    assert.match(this.process.stderr, /\b\d+ calls, 0 errors/);
    this.count();
  }
}

/**
 * Resolves when each client has been answered this many times by each of the servers, from now on.
 */
async function answered(
  clients: readonly Client[],
  servers: readonly RpcServerProcess[],
  times: number,
): Promise<void> {
  for (const client of clients) client.forget();
  const describe = () => clients.map(({ answers }) => JSON.stringify([...answers])).join(" ");
  await waitFor(() => `answers of ${servers.map((one) => one.address)}: ${describe()}`, () => {
    for (const client of clients) client.count();
    return clients.every(({ answers, process }) => {
      assert.equal(process.code, undefined, process.describe());
      return servers.every(({ address }) => (answers.get(address) ?? 0) >= times);
    });
  }, { periodMs: 20 });
}

test("one client, one server: a hundred calls of each procedure", async (home) => {
  const server = await home.serve();
  for (const call of procedures) {
    const { code, lines, stderr } = await home.run(["call", ...call, "--repeat", "100"]);
    assert.equal(code, 0, stderr);
    assert.equal(lines.length, 100);
    assert.match(stderr, new RegExp(`${server.address}\\s+100\\b`));
  }
});

test("four clients; servers join and are killed; no call of any client fails", async (home) => {
  const one = await home.serve();
  const clients = [...procedures, procedures[2]].map((call) => new Client(home, call));
  // Four clients, one server.
  await answered(clients, [one], 10);
  // A second one joins while they run, and each client finds it.
  const two = await home.serve();
  await answered(clients, [two], 1);
  // Four.
  const [three, four] = await Promise.all([home.serve(), home.serve()]);
  await answered(clients, [three, four], 1);
  // Two of them go, one in order and one by kill -9: the others carry on.
  assert.equal(await one.stop(), 0);
  await two.kill();
  await answered(clients, [three, four], 3);
  await Promise.all(clients.map((client) => client.stop()));
});
