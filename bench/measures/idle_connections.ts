import { runToEnd, startServer, withManyHandles } from "../support/child.ts";
import { denoCommand, rpcCommand } from "../support/deno_command.ts";
import { handleCount, residentKib, statsAbsent } from "../support/process_stats.ts";
import { sleep } from "../support/rpc_client.ts";
import { runRpcClient } from "../systems/rpc.ts";
import type { Series } from "../result.ts";
import type { Measure } from "./measure.ts";

const name = "idle_connections";
const memory = "memory for each";
const before = "ping p50 before";
const during = "ping p50 with them";

/** Handles that a process needs for itself. */
const ownHandles = 500;

/** What connections cost that nobody uses. */
export const idleConnections: Measure = {
  name,
  async run({ quick, rounds, load }) {
    const count = await affordable(quick ? 500 : 10_000);
    const found = statsAbsent === undefined
      ? await hold(count, rounds, {
        ...load,
        connections: 1,
        inFlight: 1,
        latencies: true,
      })
      : absentSeries(statsAbsent);
    return {
      name,
      title: `${count} idle connections to one server`,
      unit: "ms",
      better: "less",
      series: found,
      targets: [
        { of: memory, is: "at most", bound: 12 },
        { of: during, is: "at most", bound: 1.2, times: before },
      ],
      notes: [
        "Memory is the growth of the server's resident set; latency unchanged: within 20 %",
      ],
    };
  },
};

async function hold(
  count: number,
  rounds: number,
  pings: Parameters<typeof runRpcClient>[1],
): Promise<Series[]> {
  await using server = await startServer(withManyHandles(rpcCommand([
    ...[
      "serve",
      "127.0.0.1",
      "0",
      "--registry",
      "static:127.0.0.1:1",
      "--workers",
      "1",
    ],
    ...["--drain-grace", "0", "--log-level", "error"],
  ])));
  const registry = `static:127.0.0.1:${server.port}`;
  const ping = async () => (await runRpcClient(registry, pings, { method: "ping" })).p50Ms;
  const values = async () => {
    const found: number[] = [];
    for (let round = 0; round < rounds; round++) found.push(await ping());
    return found;
  };
  const beforeMs = await values();
  const beforeKib = await residentKib(server.pid);
  await using _holder = await startServer(withManyHandles(
    denoCommand("peers/idle_connections.ts", [
      JSON.stringify({ port: server.port, count }),
    ]),
  ));
  while (await handleCount(server.pid) < count) await sleep(10);
  const grownKib = await residentKib(server.pid) - beforeKib;
  return [
    { name: memory, unit: "KiB", values: [grownKib / count] },
    { name: before, values: beforeMs },
    { name: during, values: await values() },
  ];
}

function absentSeries(absent: string): Series[] {
  return [memory, before, during].map((name) => ({ name, values: [], absent }));
}

/** How many of them the system lets one process have. */
async function affordable(wanted: number): Promise<number> {
  if (Deno.build.os === "windows") return wanted;
  const limit = (await runToEnd({ program: "sh", args: ["-c", "ulimit -Hn"] }))
    .trim();
  return limit === "unlimited" ? wanted : Math.min(wanted, Number(limit) - ownHandles);
}
