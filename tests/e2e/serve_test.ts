import assert from "node:assert/strict";
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

Deno.test("a server on all addresses is announced under one that clients can use", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["0.0.0.0", "0"]);
  assert.equal(server.host, "127.0.0.1");
  await server.process.says(
    /Other machines will not find this server.*Use the registry zookeeper:/,
  );
  assert.equal((await home.run(["call", "ping"])).code, 0);
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
