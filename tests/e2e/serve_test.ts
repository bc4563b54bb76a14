import assert from "node:assert/strict";
import { join } from "node:path";
import { exists } from "../../src/base/paths.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";

signalTest("rpc serve prints one line on stdout, and logs on stderr", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--log-level", "debug", "--service", "mine"]);
  assert.equal(
    server.readyLine,
    `ready 127.0.0.1:${server.port} service=mine registry=${home.registry}`,
  );
  const { code } = await home.run(["call", "fib", "20", "--service", "mine", "--repeat", "10"]);
  assert.equal(code, 0);
  assert.equal(await server.stop(), 0);
  assert.deepEqual(server.process.lines, [server.readyLine]);
  assert.match(server.stderr, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z INF Draining.*$/m);
});

Deno.test("logs can be objects for programs", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--log-format", "json"]);
  await server.stop();
  const records = server.stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.ok(records.some(({ level, message }) => level === "INFO" && /^Draining/.test(message)));
});

signalTest("a server that is asked to end answers what runs, and exits 0", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--drain-grace", "0", "--drain-timeout", "10m"]);
  const client = home.start(["call", "fib", "40", "--timeout", "600000"]);
  await waitFor("the call to run", async () => {
    const { stdout } = await home.run(["call", "rpc.stats"]);
    return /"busy":1/.test(stdout) || client.code !== undefined;
  });
  assert.equal(client.code, undefined, client.describe());
  server.process.signal("SIGTERM");
  assert.equal(await client.ended(600_000), 0, client.describe());
  assert.equal(client.stdout, "102334155\n");
  assert.equal(await server.process.ended(), 0);
});

signalTest("Ctrl-C is as good as SIGTERM, and a second one ends a server at once", async () => {
  await using home = await RpcHome.create();
  const patient = ["--drain-grace", "3600000"];
  const [one, other] = await Promise.all([home.serve(), home.serve(patient)]);
  one.process.signal("SIGINT");
  assert.equal(await one.process.ended(), 0);
  other.process.signal("SIGINT");
  await other.process.says(/Draining/);
  other.process.signal("SIGINT");
  assert.equal(await other.process.ended(), 130);
});

// Where there are signals, too: this is how a server ends that Windows' Task Scheduler runs.
Deno.test("a server ends, as at SIGTERM, when the file appears that its environment names", async () => {
  await using home = await RpcHome.create();
  const path = join(home.directory, "rpc.stop");
  const server = await home.serve([], { env: { RPC_STOP_FILE: path } });
  await Deno.writeTextFile(path, "");
  await server.process.says(/Draining/);
  assert.equal(await server.process.ended(), 0);
  assert.equal(exists(path), false);
});

Deno.test("a server on all addresses is announced under one that clients can use", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["0.0.0.0", "0"]);
  assert.equal(server.host, "127.0.0.1");
  await server.process.says(
    /Other machines will not find this server.*Use the registry zookeeper:/,
  );
  assert.equal((await home.run(["call", "ping"])).code, 0);
});

// To see it fail: let RunningServer.start in src/library/running/running_server.ts not call
// assertCanListen, and serve.ts not assertCanServeMetrics.
Deno.test("an address that cannot be had is told before the user's code is loaded", async () => {
  await using home = await RpcHome.create();
  const path = (name: string) => join(home.workingDirectory, name);
  const code = 'Deno.writeTextFileSync("loaded", "");\nexport const one = () => 1;\n';
  await Deno.writeTextFile(path("tasks.ts"), code);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String((taken.addr as Deno.NetAddr).port);
  for (
    const [args, message] of [
      [["127.0.0.1", port], /Cannot listen on .*the port is in use/],
      [["127.0.0.1", "0", "--metrics", `127.0.0.1:${port}`], /metrics on .*the port is in use/],
      [["192.0.2.1", "0", "--insecure"], /Cannot listen on .*this machine has no such address/],
    ] as const
  ) {
    const { code, stderr } = await home.run(["serve", ...args, "tasks.ts"]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, message);
    await assert.rejects(Deno.stat(path("loaded")), Deno.errors.NotFound);
  }
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts"]);
  assert.ok((await Deno.stat(path("loaded"))).isFile, server.address);
});

Deno.test("--advertise says where clients shall connect to", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--advertise", "localhost"]);
  assert.equal(server.host, "localhost");
  const [line = ""] = (await home.run(["call", "ping", "--json"])).lines;
  assert.equal(JSON.parse(line).server, `localhost:${server.port}`);
});

Deno.test("servers of different services do not mix", async () => {
  await using home = await RpcHome.create();
  const [a, b] = await Promise.all([
    home.serve(["--service", "a"]),
    home.serve(["--service", "b"]),
  ]);
  for (const [name, server] of [["a", a], ["b", b]] as const) {
    const { lines } = await home.run(
      ["call", "ping", "--service", name, "--repeat", "10", "--json"],
    );
    assert.deepEqual(
      new Set(lines.map((line) => JSON.parse(line).server)),
      new Set([server.address]),
    );
  }
});
