import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseBenchArguments, usage } from "../bench/arguments.ts";
import { serve } from "../src/mod.ts";
import { signalTest } from "./support/posix.ts";
import { lives } from "./support/process_table.ts";
import { waitFor } from "./support/wait_for.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What is read here of the benchmark's results. */
interface Results {
  readonly measures: readonly {
    readonly name: string;
    readonly series: readonly {
      readonly name: string;
      readonly values: readonly number[];
      readonly absent?: string;
    }[];
    readonly verdicts: readonly {
      readonly of: string;
      readonly met?: boolean;
    }[];
  }[];
}

const compiled = ["tarpc", "grpc-go", "Kitex", "NATS", "Go net/rpc"];

const systems = ["raw echo", "rpc", ...compiled, "grpc-js", "jayson", "blocking Python"];

/** Ours as a user of a binary gets it. */
const binaries = ["an empty program, compiled", "rpc call ping, compiled"];

/** Those of which one of four servers is killed. */
const groups = ["rpc", "grpc-go", "Kitex", "NATS", "Dubbo"];

const payloads = ["raw echo", "values by a worker", "rpc", "tarpc", "grpc-go", "grpc-js"];

/** Every row that there must be, by measure. */
const rows: Readonly<Record<string, readonly string[]>> = {
  ping_one_connection: systems,
  ping_many_connections: systems,
  ping_latency: systems,
  ping_cpu: bothSides(["raw echo", "rpc", ...compiled]),
  worker_hop: ["raw echo", "io", "cpu"],
  payload_10k: payloads,
  payload_100k: payloads,
  payload_4m: payloads,
  gateway: ["Deno.serve", "rpc gateway"],
  gateway_slow_readers: ["alone", "beside them"],
  fib_workers: [
    "bare loop, one core",
    "bare loops, one a core",
    "1 server, a worker a core",
  ],
  fib_servers: ["1 server", "2 servers", "1 bare loop", "2 bare loops"],
  fib_pools: ["rpc", "piscina", "ProcessPoolExecutor"],
  ping_under_fib: ["idle", "workers busy"],
  ping_beside_payload: ["alone", "beside texts of 4 MiB", "raw echo beside them", "texts"],
  join: ["local:", "zookeeper:", "Dubbo, zookeeper:"],
  kill: [
    "SIGKILL -> last call sent to the dead server",
    "median call before",
    "SIGKILL -> the kernel ends its connection",
    "writes to it after that",
    "slowest call sent again, less the median",
    "failed calls",
  ],
  kill_failures: [
    ...groups,
    ...groups.map((name) => `${name}: slowest call`),
  ],
  idle_connections: [
    "memory for each",
    "ping p50 before",
    "ping p50 with them",
  ],
  memory: [
    ...["rpc", "rpc --workers-min 1", ...compiled],
    ...["rpc", "rpc --workers-min 1", ...compiled].map((name) => `${name}: a connection`),
  ],
  soak: [
    ...["server: memory", "server: memory at the end"],
    ...["server: handles", "server: handles at the end"],
    ...["client: memory", "client: memory at the end"],
    ...["client: handles", "client: handles at the end"],
  ],
  startup: ["deno run of an empty file", "rpc call ping", ...binaries, ...compiled],
  startup_cpu: ["deno run of an empty file", "rpc call ping", ...binaries],
  ping_keys: ["rpc", "rpc with keys", "grpc-js, mutual TLS", "Go net/rpc, mutual TLS"],
  keys_ping: bothSides(["rpc", "rpc with keys"]),
  keys_startup: ["rpc call ping", "rpc call ping, with keys"],
  membership: [
    ...[
      "pick, 10 servers",
      "pick, 100 servers",
      "change, 10 servers",
      "change, 100 servers",
      "list read, 10 servers",
      "list read, 100 servers",
    ],
  ],
};

function bothSides(systems: readonly string[]): string[] {
  return systems.flatMap((name) => [`${name}: client`, `${name}: server`]);
}

/** Rows that need something which is not everywhere, and say so where it is not. */
const optional = new Set([
  ...compiled,
  ...binaries,
  ...bothSides(compiled),
  ...compiled.map((name) => `${name}: a connection`),
  ...groups.slice(1).flatMap((name) => [name, `${name}: slowest call`]),
  "Dubbo, zookeeper:",
  "piscina",
  "ProcessPoolExecutor",
  "grpc-js",
  "jayson",
  "grpc-js, mutual TLS",
  "Go net/rpc, mutual TLS",
  "blocking Python",
  "zookeeper:",
]);

/** Rows that a kill may leave empty: no call was at the server when it died. */
const chancy = new Set(["slowest call sent again, less the median"]);

Deno.test("the benchmark measures every row, and writes it down", async () => {
  const out = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "bench", "--quick", "--out", out],
      cwd: root,
      stdout: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const results: Results = JSON.parse(
      await Deno.readTextFile(`${out}/latest.json`),
    );
    const found = Object.fromEntries(
      results.measures.map((
        { name, series },
      ) => [name, series.map((one) => one.name)]),
    );
    assert.deepEqual(found, rows);
    for (const { name, series } of results.measures) {
      for (const one of series) {
        if (one.values.length > 0 || chancy.has(one.name)) continue;
        assert.ok(
          optional.has(one.name),
          `${name}, ${one.name}: ${one.absent}`,
        );
        assert.ok(one.absent, `${name}, ${one.name}: nothing, and no reason`);
      }
    }
    const plot = await Deno.readTextFile(`${out}/latest.svg`);
    for (const system of systems) {
      assert.ok(plot.includes(`>${system}</text>`), system);
    }
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("only a whole run that is not quick takes the place of the last one's results", () => {
  assert.match(parseBenchArguments([]).out ?? "", /results$/);
  assert.equal(parseBenchArguments(["--quick"]).out, undefined);
  assert.equal(parseBenchArguments(["--only", "ping_latency"]).out, undefined);
  assert.equal(parseBenchArguments(["--quick", "--out", "there"]).out, "there");
});

Deno.test("the benchmark refuses an option that does not exist in one line", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "bench", "--quikc"],
    cwd: root,
    stdout: "null",
  }).output();
  assert.equal(code, 2);
  assert.doesNotMatch(new TextDecoder().decode(stderr), /Uncaught/);
});

Deno.test("the benchmark refuses a measure that does not exist", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "bench", "--only", "pnig"],
    cwd: root,
    stdout: "null",
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /ping_latency/);
});

Deno.test("a measurement ends with an error if an answer is not the right one", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const module = `${directory}/wrong.js`;
    await Deno.writeTextFile(module, "export function sameIo(index) { return index + 1; }");
    const registry = `local:${directory}/registry`;
    await using _server = await serve({ module, registry, workers: 1 });
    const load = {
      ...{ registry, method: "sameIo", connections: 1, inFlight: 1, latencies: false },
      ...{ warmupMs: 1, durationMs: 1 },
    };
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-all", "--no-prompt", "--no-check", "--config", "deno.json"],
        ...["bench/peers/rpc_client.ts", "client", JSON.stringify(load)],
      ],
      cwd: root,
      stdout: "null",
    }).output();
    assert.ok(!success);
    assert.match(new TextDecoder().decode(stderr), /sameIo answered 2/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

signalTest("a benchmark that is killed leaves no server behind", async () => {
  const bench = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `const { startServer } = await import("./bench/support/child.ts");
      const args = ["-c", "echo ready 1; exec sleep 600"];
      console.log((await startServer({ program: "sh", args })).pid);
      setInterval(() => {}, 60_000);`,
    ],
    cwd: root,
    stdout: "piped",
  }).spawn();
  const { value } = await bench.stdout.getReader().read();
  const server = Number(new TextDecoder().decode(value));
  try {
    assert.ok(await lives(server));
    bench.kill("SIGTERM");
    assert.equal((await bench.status).code, 143);
    await waitFor("the end of its server", async () => !await lives(server));
  } finally {
    if (await lives(server)) Deno.kill(server, "SIGKILL");
  }
});

Deno.test("the help of the bench names every option", () => {
  assert.equal(parseBenchArguments(["--help"]).help, true);
  assert.equal(parseBenchArguments([]).help, false);
  for (const option of ["quick", "rounds", "only", "soak", "out", "profile"]) {
    assert.match(usage, new RegExp(`^  --${option} `, "m"));
  }
});
