import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../support/free_port.ts";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { registryTests } from "./registries.ts";

const test = registryTests();

const tasks = `
export function* letters(word) { yield* word; }
export function* nothing() {}
export function odd() { return { text: "a\\nb\\u001b[31m", none: null }; }
export function* endless() { while (true) yield 1; }
export function slow() { return new Promise((resolve) => setTimeout(resolve, 60_000)); }
`;

async function serveTasks(home: RpcHome) {
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), tasks);
  return await home.serve(["127.0.0.1", "0", "tasks.ts"]);
}

test("--each calls every server once, and tells a line for each", async (home) => {
  const servers = await Promise.all([home.serve(), home.serve(["--weight", "0"])]);
  const { code, lines, stderr } = await home.run(["call", "fib", "20", "--each"]);
  assert.equal(code, 0, stderr);
  const expected = servers.map(({ address }) => `${address}  6765`);
  assert.deepEqual(lines.toSorted(), expected.toSorted());

  const json = await home.run(["call", "ping", "{i}", "--each", "--json", "-c", "1"]);
  const told = json.lines.map((line) => JSON.parse(line));
  assert.deepEqual(told.map(({ result }) => result), ["pong 1", "pong 2"]);
  const addresses = servers.map((server) => server.address);
  assert.deepEqual(told.map(({ address }) => address), addresses.toSorted());
  assert.ok(told.every(({ id, ms }) => typeof id === "string" && typeof ms === "number"));
});

signalTest(
  "--each ends with 1 if one server fails, and tells of the others all the same",
  async () => {
    await using home = await RpcHome.create();
    const [one, other] = await Promise.all([serveTasks(home), home.serve()]);
    const dead = `127.0.0.1:${freePort()}`;
    const registry = `static:${one.address},${other.address},${dead}`;
    const flags = ["--each", "--registry", registry, "--timeout", "1m"];
    const { code, lines, stderr } = await home.run(["call", "odd", ...flags]);
    assert.equal(code, 1);
    assert.match(stderr, /^rpc: 2 of 3 servers failed$/m);
    const lineOf = (address: string) => lines.find((line) => line.startsWith(address)) ?? "";
    assert.equal(lines.length, 3);
    assert.match(lineOf(one.address), /^\S+ +\{"text":"a\\nb\\u001b\[31m","none":null\}$/);
    assert.match(lineOf(other.address), /failed: MethodNotFound: /);
    assert.match(lineOf(dead), /failed: Unavailable: /);

    const json = await home.run(["call", "odd", ...flags, "--json"]);
    assert.equal(json.code, 1);
    const errors = json.lines.map((line) => JSON.parse(line).error?.name);
    assert.deepEqual(errors.toSorted(), ["MethodNotFound", "Unavailable", undefined]);

    const quiet = await home.run(["call", "ping", ...flags, "--quiet"]);
    assert.equal(quiet.code, 1);
    assert.deepEqual(quiet.lines.map((line) => line.split(" ", 1)[0]), [dead]);
  },
);

signalTest("--each shows the items of a stream with the server that each is from", async () => {
  await using home = await RpcHome.create();
  const servers = await Promise.all([serveTasks(home), serveTasks(home)]);
  const { code, lines, stderr } = await home.run(["call", "letters", "abc", "--each"]);
  assert.equal(code, 0, stderr);
  for (const { address } of servers) {
    const own = lines.filter((line) => line.startsWith(address));
    assert.deepEqual(own.map((line) => line.split("  ").at(-1)), ['"a"', '"b"', '"c"']);
  }
  const none = await home.run(["call", "nothing", "--each"]);
  assert.deepEqual(none.lines.map((line) => line.split("  ").at(-1)), ["no items", "no items"]);
});

signalTest("--each ends at Ctrl-C, and by a reader that goes, while a server hangs", async () => {
  await using home = await RpcHome.create();
  await serveTasks(home);
  const hanging = home.start(["call", "slow", "--each", "--verbose"]);
  await hanging.says(/connected/i);
  hanging.signal("SIGINT");
  assert.equal(await hanging.ended(), 130);

  const endless = home.start(["call", "endless", "--each"]);
  await endless.line(/ {2}1$/);
  endless.closeStdout();
  assert.equal(await endless.ended(), 0);
});

signalTest(
  "--each says so where there is no server, and refuses what it cannot go with",
  async () => {
    await using home = await RpcHome.create();
    const none = await home.run(["call", "ping", "--each"]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /No server of service "rpc" is registered/);
    for (
      const flags of [["--repeat", "2"], ["-d", "1s"], ["--rate", "5"], ["-i", "-"], [
        "--server",
        "127.0.0.1:1",
      ]]
    ) {
      const { code, stderr } = await home.run(["call", "ping", "--each", ...flags]);
      assert.equal(code, 2, flags.join(" "));
      assert.match(stderr, /^rpc: Cannot use /);
    }
  },
);

test("--server keeps all calls to one server, by its address or how its id begins", async (home) => {
  const [one] = await Promise.all([home.serve(), home.serve()]);
  const listed = await home.run(["servers", "--json"]);
  const { id } = listed.lines.map((line) => JSON.parse(line))
    .find(({ address }) => address === one.address);
  for (const name of [one.address, id, id.slice(0, 8)]) {
    const { code, lines, stderr } = await home.run(
      ["call", "ping", "--repeat", "40", "-c", "8", "--json", "--server", name],
    );
    assert.equal(code, 0, stderr);
    const callers = new Set(lines.map((line) => JSON.parse(line).server));
    assert.deepEqual([...callers], [one.address]);
  }
  const other = await home.run(["call", "ping", "--server", "10.9.8.7:1"]);
  assert.equal(other.code, 1);
  assert.match(other.stderr, /No server "10\.9\.8\.7:1" is registered: there are 127/);
});

signalTest(
  "a call that keeps to a server that is killed fails, though there are others",
  async () => {
    await using home = await RpcHome.create();
    const [one] = await Promise.all([home.serve(), home.serve()]);
    const calls = home.start(
      ["call", "ping", "--rate", "50", "--json", "--server", one.address, "--timeout", "2s"],
    );
    await calls.line(/"result":"pong"/);
    await one.kill();
    await calls.says(/failed.*(Unavailable|ConnectionLost|Deadline)/);
    calls.signal("SIGINT");
    await calls.ended();
    const servers = calls.lines.map((line) => JSON.parse(line).server).filter((name) =>
      name !== null
    );
    assert.deepEqual([...new Set(servers)], [one.address]);
  },
);
