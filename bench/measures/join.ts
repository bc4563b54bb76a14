import type { Client } from "../../src/client/client.ts";
import { freePort } from "../../tests/support/free_port.ts";
import { startZooKeeper, zooKeeperAvailable } from "../../tests/support/zookeeper_server.ts";
import type { Series } from "../result.ts";
import { ownClient, sleep } from "../support/rpc_client.ts";
import { startServer } from "../support/child.ts";
import { rpcCommand } from "../support/deno_command.ts";
import { dubboName, dubboNote, dubboProgram } from "../systems/dubbo.ts";
import { startRpcServer, temporaryRegistry } from "../systems/rpc.ts";
import type { Measure } from "./measure.ts";

const name = "join";
const local = "local:";
const zooKeeper = "zookeeper:";

/** A client that has not found a server by then never will. */
const joinTimeoutMs = 120_000;

/** How soon a running client uses a server that has just started. */
export const join: Measure = {
  name,
  async run({ quick }) {
    const count = quick ? 2 : 20;
    return {
      name,
      title:
        `a new server listens -> the first answer that a running client has from it (${count} times)`,
      unit: "ms",
      better: "less",
      series: [
        await localJoins(count),
        await zooKeeperJoins(count),
        await dubboJoins(quick ? 1 : 5),
      ],
      targets: [
        { of: local, is: "at most", bound: 10 },
        { of: zooKeeper, is: "at most", bound: 20 },
      ],
      notes: [
        "The client calls ping every millisecond; the port is tried as often",
      ],
    };
  },
};

async function localJoins(count: number): Promise<Series> {
  await using registry = await temporaryRegistry();
  return { name: local, values: await joins(registry.url, count) };
}

async function zooKeeperJoins(count: number): Promise<Series> {
  const found = zooKeeperAvailable();
  if (!found.available) {
    return { name: zooKeeper, values: [], absent: found.reason };
  }
  await using server = await startZooKeeper();
  return {
    name: zooKeeper,
    values: await joins(`zookeeper://${server.connectString}`, count),
  };
}

async function dubboJoins(count: number): Promise<Series> {
  const name = `${dubboName}, zookeeper:`;
  try {
    const program = await dubboProgram();
    await using zooKeeper = await startZooKeeper();
    const registry = `zookeeper://${zooKeeper.connectString}`;
    const server = (port: number) => startServer(program("server", registry, String(port)));
    await using _first = await server(0);
    const answered = new Map<number, number>();
    let told = Promise.withResolvers<void>();
    await using _client = await startServer(program("join", registry), (line) => {
      const [port, atMs] = line.split(" ").map(Number);
      answered.set(port as number, atMs as number);
      told.resolve();
    });
    const values: number[] = [];
    for (let i = 0; i < count; i++) {
      told = Promise.withResolvers();
      const port = freePort();
      const starting = server(port);
      const listeningAtMs = performance.timeOrigin + await untilListening(port);
      await using _started = await starting;
      await told.promise;
      values.push((answered.get(port) ?? NaN) - listeningAtMs);
    }
    return { name, values, note: dubboNote };
  } catch (error) {
    return { name, values: [], absent: error instanceof Error ? error.message : String(error) };
  }
}

async function joins(registry: string, count: number): Promise<number[]> {
  await using _first = await startRpcServer(registry, ["--workers", "1"]);
  await using own = await ownClient(registry);
  // Whoever calls has found the first server.
  await own.client.call("ping");
  const values: number[] = [];
  for (let i = 0; i < count; i++) {
    values.push(await joinOnce(registry, own.client));
  }
  return values;
}

async function joinOnce(registry: string, client: Client): Promise<number> {
  const port = freePort();
  const starting = startServer(rpcCommand([
    ...[
      "serve",
      "127.0.0.1",
      String(port),
      "--registry",
      registry,
      "--workers",
      "1",
    ],
    ...["--drain-grace", "0", "--log-level", "error"],
  ]));
  try {
    const [listeningAtMs, answeredAtMs] = await Promise.all([
      untilListening(port),
      untilAnswered(client, `127.0.0.1:${port}`),
    ]);
    return answeredAtMs - listeningAtMs;
  } finally {
    await (await starting).stop();
  }
}

async function untilListening(port: number): Promise<number> {
  const giveUpAtMs = performance.now() + joinTimeoutMs;
  while (performance.now() < giveUpAtMs) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return performance.now();
    } catch {
      await sleep(1);
    }
  }
  throw new Error(`Nobody listens on port ${port}`);
}

async function untilAnswered(client: Client, server: string): Promise<number> {
  const giveUpAtMs = performance.now() + joinTimeoutMs;
  while (performance.now() < giveUpAtMs) {
    const report = await client.report("ping");
    if (report.error === undefined && report.server === server) {
      return performance.now();
    }
    await sleep(1);
  }
  throw new Error(`The client did not find ${server}`);
}
