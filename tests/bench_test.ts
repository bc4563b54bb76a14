import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

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

const systems = [
  "raw echo",
  "rpc",
  "grpc-js",
  "jayson",
  "Go net/rpc",
  "blocking Python",
];

const payloads = ["raw echo", "rpc", "tarpc", "grpc-go", "grpc-js"];

/** Every row that there must be, by measure. */
const rows: Readonly<Record<string, readonly string[]>> = {
  ping_one_connection: systems,
  ping_many_connections: systems,
  ping_latency: systems,
  ping_parameter: ["raw echo", "rpc", "tarpc", "grpc-go"],
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
  ping_under_fib: ["idle", "workers busy"],
  join: ["local:", "zookeeper:"],
  kill: [
    "SIGKILL -> last call sent to the dead server",
    "median call before",
    "SIGKILL -> the kernel ends its connection",
    "slowest call sent again, less the median",
    "failed calls",
  ],
  idle_connections: [
    "memory for each",
    "ping p50 before",
    "ping p50 with them",
  ],
  soak: [
    ...["server: memory", "server: memory at the end"],
    ...["server: handles", "server: handles at the end"],
    ...["client: memory", "client: memory at the end"],
    ...["client: handles", "client: handles at the end"],
  ],
  startup: ["deno run of an empty file", "rpc call ping"],
  ping_keys: ["rpc", "rpc with keys", "grpc-js, mutual TLS", "Go net/rpc, mutual TLS"],
  keys_ping: ["server, plain", "client, plain", "server, keys", "client, keys"],
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

/** Rows that need something which is not everywhere, and say so where it is not. */
const optional = new Set([
  "grpc-js",
  "jayson",
  "Go net/rpc",
  "grpc-go",
  "tarpc",
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

Deno.test("the benchmark refuses a measure that does not exist", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "bench", "--only", "pnig"],
    cwd: root,
    stdout: "null",
  }).output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /ping_latency/);
});
