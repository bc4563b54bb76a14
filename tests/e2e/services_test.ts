import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { registryTests } from "./registries.ts";

const test = registryTests();

test("rpc services tells the services, their servers and what these offer", async (home) => {
  const none = await home.run(["services"]);
  assert.equal(none.code, 0, none.stderr);
  assert.equal(none.stdout, "");
  assert.match(none.stderr, /No service has a server in the registry/);

  const [, drained] = await Promise.all([
    home.serve(),
    home.serve(["127.0.0.1", String(freePort())]),
    home.serve(["--service", "images"]),
  ]);
  await home.run(["servers", "drain", drained.address]);

  const { code, lines, stderr } = await home.run(["services"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(lines.map((line) => line.split(/ {2,}/)), [
    ["service", "servers", "methods"],
    ["images", "1", "fib, pi, ping"],
    ["rpc", "2 (1 drained)", "fib, pi, ping"],
  ]);
  const json = await home.run(["services", "--json"]);
  assert.deepEqual(json.lines.map((line) => JSON.parse(line)), [
    { service: "images", servers: 1, drained: 0, methods: ["fib", "pi", "ping"] },
    { service: "rpc", servers: 2, drained: 1, methods: ["fib", "pi", "ping"] },
  ]);
});

// ZooKeeper forgets a service that nobody serves after a while.
signalTest("rpc services --all tells those too that nobody serves any more", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--service", "gone"]);
  const before = await home.run(["services"]);
  assert.match(before.stdout, /^gone +1/m);
  assert.equal(await server.stop(), 0);
  const without = await home.run(["services"]);
  assert.doesNotMatch(without.stdout, /gone/);
  const all = await home.run(["services", "--all", "--json"]);
  const gone = all.lines.map((line) => JSON.parse(line)).find(({ service }) => service === "gone");
  assert.equal(gone?.servers, 0, all.stdout);
});

signalTest("rpc services says what is wrong where there is nothing to read", async () => {
  await using home = await RpcHome.create();
  const dead = `127.0.0.1:${freePort()}`;
  const list = await home.run(["services", "--registry", `static:${dead}`]);
  assert.equal(list.code, 1);
  assert.match(list.stderr, /A static registry is a list of addresses/);
  const zooKeeper = await home.run(["services", "--registry", `zookeeper://${dead}`]);
  assert.equal(zooKeeper.code, 1);
  assert.match(zooKeeper.stderr, /^rpc: Unavailable: .*Is it running\?/);
  const file = `${home.directory}/file`;
  await Deno.writeTextFile(file, "");
  const notThere = await home.run(["services", "--registry", `local:${file}`]);
  assert.equal(notThere.code, 1);
  assert.match(notThere.stderr, /^rpc: Unavailable: Cannot read the local registry/);
});
