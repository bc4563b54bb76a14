/**
 * What an honest caller notices of one who does his worst, in each of many ways:
 *
 *     deno run -A --config deno.json bench/flood/main.ts [--only <text>] [--connections 1,20,100]
 *                                                        [--seconds 2] [--json]
 *
 * A server has one core for itself, with its workers. The honest caller has the other, which it
 * shares with the flooder. In truth they would have a machine each, so the flooder has the lowest
 * priority, and the honest caller the first real-time one, where the system grants it: otherwise it
 * waits for up to four milliseconds until the flooder's slice of the core is over, and what is
 * measured is the system's fairness and not the server's. For the same reason the flooder writes 64
 * KiB at a time: most systems interrupt no program while they copy what it writes. The server and
 * the flooder have slightly shorter slices than what else runs on this machine, which so gives way
 * to them at once; to each other, and to workers, they are what they always are.
 */

import { parseArgs } from "node:util";
import { temporaryKeys } from "../support/bench_keys.ts";
import { canRun, type Command, runToEnd, type Server, startServer } from "../support/child.ts";
import { onClientCore, onServerCore } from "../support/cores.ts";
import { denoCommand, pathOf, rpcCommand } from "../support/deno_command.ts";
import { residentKib } from "../support/process_stats.ts";
import { sleep } from "../support/rpc_client.ts";
import { setSlice, sliceNs } from "../support/slices.ts";
import { type Target, token, type Way, ways } from "./ways.ts";

/** What the honest caller saw. */
export interface Pings {
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** One way, with so many connections. */
export interface Finding {
  readonly way: string;
  readonly connections: number;
  readonly alone: Pings;
  readonly beside: Pings;
  /** How many times longer a ping took beside it, by the median and by the 99th percentile. */
  readonly p50Ratio: number;
  readonly p99Ratio: number;
  readonly rssMbBefore: number;
  /** The most that was seen while it went on. */
  readonly rssMbMost: number;
  readonly rssMbAfter: number;
  readonly flooder: Readonly<Record<string, number>>;
}

/** Longer than any of it is begun with. */
const begunMs = 300;

/** How often the memory is looked at. */
const lookMs = 50;

/**
 * `chrt`'s arguments for a program that goes before all that are not such: its main thread, since
 * its others, such as those that compile, would otherwise not be interrupted by that one.
 */
const realTime = ["--reset-on-fork", "--fifo", "1"];

/** What is not ours. */
const echo = denoCommand("peers/echo_server.ts", []);
const http = denoCommand("peers/web_socket_server.ts", []);
const computing = denoCommand("peers/computing.ts", []);

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    connections: { type: "string", default: "1,20,100" },
    seconds: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const counts = values.connections.split(",").map(Number);
const durationMs = Number(values.seconds) * 1_000;
const isNice = await canRun("nice", ["true"]);
const isRealTime = await canRun("chrt", [...realTime, "true"]);
const chosen = ways.filter(({ name }) => name.includes(values.only));
const found: Finding[] = [];
const usualNs = sliceNs();
if (usualNs !== undefined) setSlice(usualNs - usualNs / 14n);
for (
  const to of ["server", "keys", "gateway", "client", "beside", "echo", "http", "core"] as const
) {
  const those = chosen.filter((way) => (way.to ?? "server") === to);
  for (const way of those) {
    // A server for each, so that none is measured with what another left behind.
    await using running = await start(to, way.workers);
    const alone = await ping(running, way);
    for (const connections of way.connections ?? counts) {
      const finding = await measure(running, way, connections, alone);
      found.push(finding);
      print(finding);
    }
  }
}
if (values.json) console.log(JSON.stringify(found, null, 2));
Deno.exit(0);

/** What an honest caller sees of it now. */
async function ping(
  { server, env }: Running,
  { to, honest, opens }: Way,
  hostile = 0,
): Promise<Pings> {
  const kind = to === "gateway" || to === "http"
    ? "http"
    : to === "echo"
    ? "echo"
    : honest ?? "library";
  const command = denoCommand("flood/pinger.ts", [
    JSON.stringify({ port: server.port, kind, durationMs, hostile, opens }),
  ]);
  const placed = await onClientCore({ ...command, env });
  return JSON.parse(await runToEnd(isRealTime ? through("chrt", realTime, placed) : placed));
}

async function measure(
  running: Running,
  way: Way,
  connections: number,
  alone: Pings,
): Promise<Finding> {
  const { server, flooded } = running;
  const rssMbBefore = await rssMb(server.pid);
  const said: string[] = [];
  const flooder = await startServer(
    await flooderCommand(way, {
      way: way.name,
      port: flooded.port,
      connections,
      // It ends by itself, whatever becomes of this process.
      durationMs: 3 * durationMs + 5_000,
    }),
    (line) => said.push(line),
  );
  let rssMbMost = rssMbBefore;
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      rssMbMost = Math.max(rssMbMost, await rssMb(server.pid));
      await sleep(lookMs);
    }
  })();
  let beside: Pings;
  try {
    await sleep(begunMs);
    beside = await ping(running, way, way.to === "client" ? connections : 0);
  } finally {
    isOver = true;
    await looking;
    await flooder.stop();
  }
  return {
    way: way.name,
    connections,
    alone,
    beside,
    p50Ratio: beside.p50Ms / alone.p50Ms,
    p99Ratio: beside.p99Ms / alone.p99Ms,
    rssMbBefore,
    rssMbMost,
    rssMbAfter: await rssMb(server.pid),
    flooder: JSON.parse(said.at(-1) ?? "{}"),
  };
}

/** What is flooded. */
interface Running extends AsyncDisposable {
  /** What the honest caller calls. */
  readonly server: Server;
  readonly flooded: Server;
  readonly env: Readonly<Record<string, string>>;
}

async function start(to: Target, workers = 1): Promise<Running> {
  const stack = new AsyncDisposableStack();
  const running = (server: Server, env = {}, flooded = server): Running => ({
    ...{ server, env, flooded },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  });
  try {
    if (to === "echo") return running(stack.use(await started(echo)));
    if (to === "http") return running(stack.use(await started(http)));
    const directory = await Deno.makeTempDir({ prefix: "rpc-flood-" });
    stack.defer(() => Deno.remove(directory, { recursive: true }));
    const registry = `local:${directory}/registry`;
    const noKeys = { RPC_INSECURE: "true" };
    const env = to === "keys" ? stack.use(await temporaryKeys()).env : noKeys;
    const serve = rpcCommand([
      ...["serve", "127.0.0.1", "0", pathOf("../flood/procedures.ts"), "--registry", registry],
      ...["--drain-grace", "0", "--log-level", "error"],
      ...["--workers", String(workers), "--workers-min", String(workers)],
    ]);
    const server = await started({ ...serve, env });
    stack.use(server);
    if (to === "beside") {
      return running(server, env, stack.use(await startServer(await onClientCore(echo))));
    }
    if (to === "core") return running(server, env, stack.use(await started(computing)));
    if (to !== "gateway") return running(server, env);
    const tokenFile = `${directory}/token`;
    await Deno.writeTextFile(tokenFile, token, { mode: 0o600 });
    const front = await started({
      ...rpcCommand([
        ...["gateway", "127.0.0.1:0", "--registry", registry, "--token-file", tokenFile],
      ]),
      env,
    });
    return running(stack.use(front), env);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function started(command: Command): Promise<Server> {
  return await startServer(await onServerCore(command));
}

async function flooderCommand({ to }: Way, options: unknown): Promise<Command> {
  const module = to === "client" ? "flood/hostile.ts" : "flood/flooder.ts";
  const command = await onClientCore(denoCommand(module, [JSON.stringify(options)]));
  return isNice ? through("nice", ["-n", "19"], command) : command;
}

/** The command started by a program that changes what it is for the system. */
function through(program: string, args: readonly string[], command: Command): Command {
  return { ...command, program, args: [...args, command.program, ...command.args] };
}

async function rssMb(pid: number): Promise<number> {
  return Math.round(await residentKib(pid) / 1024);
}

function print({ way, connections, alone, beside, ...rest }: Finding): void {
  const { p50Ratio, p99Ratio, rssMbBefore, rssMbMost, rssMbAfter, flooder } = rest;
  const ms = (value: number) => value.toFixed(2);
  console.error([
    `${way} x${connections}:`.padEnd(50),
    `p50 ${ms(alone.p50Ms)} -> ${ms(beside.p50Ms)} (${p50Ratio.toFixed(1)})`,
    `p99 ${ms(alone.p99Ms)} -> ${ms(beside.p99Ms)} (${p99Ratio.toFixed(1)})`,
    `max ${ms(beside.maxMs)}`,
    `calls ${beside.calls}${beside.failed > 0 ? ` FAILED ${beside.failed}` : ""}`,
    `rss ${rssMbBefore} -> ${rssMbMost} -> ${rssMbAfter}`,
    JSON.stringify(flooder),
  ].join("  "));
}
