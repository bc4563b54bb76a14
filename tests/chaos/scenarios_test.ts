/**
 * What the program was made for: four clients, servers that join, and two of four that are killed.
 */

import assert from "node:assert/strict";
import { RpcHome, type RpcServerProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { startEnsemble, zooKeeperTest } from "../support/zookeeper_server.ts";
import { measured } from "./cluster.ts";

const calls = [["ping", "{i}"], ["pi", "{i}"], ["fib", "22"], ["fib", "22"]];

// To see it fail: let `worthAnotherServer` in src/client/retry.ts lack ConnectionLost (SIGKILL), or
// start the servers with --drain-grace 0 and let it lack Draining (SIGTERM).
zooKeeperTest(
  "four rpc calls through ZooKeeper outlast two of four servers, however these end",
  async () => {
    await using ensemble = await startEnsemble();
    await using home = await RpcHome.create(
      `zookeeper://${ensemble.connectString}?sessionTimeoutMs=4000`,
    );
    for (const signal of ["SIGTERM", "SIGKILL"] as const) await endTwoOfFour(home, signal);
  },
);

async function endTwoOfFour(home: RpcHome, signal: Deno.Signal): Promise<void> {
  const service = ["--service", signal];
  const serve = () => home.serve(service);
  const servers: RpcServerProcess[] = [await serve()];
  const clients = calls.map((args) =>
    home.start(["call", ...args, ...service, "--repeat", "100000000", "--json"])
  );
  /** Resolves when each client has been answered by each of these servers, from now on. */
  const used = async (...expected: RpcServerProcess[]) => {
    const marks = clients.map((client) => client.stdout.length);
    const isUsed = () =>
      clients.every((client, i) => {
        const answers = client.stdout.slice(marks[i]);
        return expected.every(({ address }) => answers.includes(address));
      });
    const describe = () => clients.map((client) => client.describe()).join("\n");
    await waitFor(describe, isUsed, { periodMs: 50 });
  };
  await used(...servers);
  servers.push(await serve());
  await used(...servers);
  servers.push(...await Promise.all([serve(), serve()]));
  await used(...servers);
  const ended = servers.splice(0, 2);
  for (const server of ended) server.process.signal(signal);
  await used(...servers);
  await Promise.all(ended.map((server) => server.process.ended()));
  await used(...servers);
  for (const client of clients) {
    client.signal("SIGINT");
    assert.equal(await client.ended(), 130, client.describe());
    assert.match(client.stderr, /\b\d+ calls, 0 errors/);
  }
  const answers = clients.reduce((sum, client) => sum + client.lines.length, 0);
  await Promise.all(servers.map((server) => server.stop()));
  measured(`five scenarios, two of four ended by ${signal}`, { answers, errors: 0 });
}
