import assert from "node:assert/strict";
import { join } from "node:path";
import { silentLogger } from "../../src/base/log.ts";
import { version } from "../../src/base/version.ts";
import { LastKnownStore } from "../../src/discovery/last_known/store.ts";
import { freePort } from "../support/free_port.ts";
import { modeTest, onWindows, signalTest } from "../support/posix.ts";
import { RpcHome, type RpcRunResult } from "../support/rpc_process.ts";
import { registryTests } from "./registries.ts";

const test = registryTests();

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly text: string;
  readonly todo?: string;
}

function findingsOf(result: RpcRunResult): Finding[] {
  return result.lines.map((line) => JSON.parse(line) as Finding);
}

test("rpc doctor finds nothing wrong where all is well", async (home) => {
  const servers = await Promise.all([home.serve(), home.serve()]);
  const result = await home.run(["doctor", "--json", "-t", "2m"]);
  assert.equal(result.code, 0, result.stdout + result.stderr);
  const findings = findingsOf(result);
  assert.deepEqual(findings.filter(({ status }) => status !== "ok"), []);
  for (const { address } of servers) {
    assert.ok(findings.some(({ text }) => text.startsWith(`${address} answers in`)));
    assert.ok(
      findings.some(({ text }) => text === `The clock of ${address} agrees with this machine's`),
    );
  }
  const checks = new Set(findings.map(({ check }) => check));
  assert.deepEqual([...checks].sort(), [
    "clock",
    "keys",
    "registry",
    "sandbox",
    "server",
    "versions",
  ]);
  const isZooKeeper = home.registry.startsWith("zookeeper");
  assert.equal(findings.some(({ text }) => text.startsWith("ZooKeeper's clock")), isZooKeeper);
  const text = await home.run(["doctor", "-t", "2m"]);
  assert.ok(text.lines.every((line) => line.startsWith("ok ")), text.stdout);
});

test("rpc doctor says what to do where no server is", async (home) => {
  const result = await home.run(["doctor", "--json", "-t", "2m"]);
  assert.equal(result.code, 1);
  const wrong = findingsOf(result).filter(({ status }) => status === "wrong");
  assert.deepEqual(wrong.map(({ check, text }) => [check, text]), [[
    "service",
    "rpc has no server",
  ]]);
  assert.match(wrong[0]?.todo ?? "", /rpc serve/);
});

signalTest(
  "rpc doctor tells a registry, a port and a server that do not answer apart",
  async () => {
    await using home = await RpcHome.create();
    const dead = `127.0.0.1:${freePort()}`;
    const noRegistry = await home.run(["doctor", "--json", "-r", `zookeeper://${dead}`]);
    assert.equal(noRegistry.code, 1);
    const [told, left] = findingsOf(noRegistry).slice(-2);
    assert.match(told?.text ?? "", new RegExp(`ZooKeeper at ${dead}: .*refused`));
    assert.equal(left?.text, "the servers of rpc are not looked at: nothing else lists them");

    // It takes connections, and says nothing.
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = silent.addr as Deno.NetAddr;
    const connections: Deno.Conn[] = [];
    const accepting = (async () => {
      for await (const connection of silent) connections.push(connection);
    })();
    try {
      const registry = `static:${dead},127.0.0.1:${port}`;
      const result = await home.run(["doctor", "--json", "-r", registry, "-t", "3s"]);
      assert.equal(result.code, 1);
      const todos = Object.fromEntries(
        findingsOf(result).filter(({ status }) => status === "wrong")
          .map(({ text, todo }) => [text.split(": ", 1)[0], todo]),
      );
      assert.match(todos[dead] ?? "", /nothing listens there/);
      assert.match(todos[`127.0.0.1:${port}`] ?? "", /listens and says nothing/);
    } finally {
      silent.close();
      await accepting;
      for (const connection of connections) connection.close();
    }
  },
);

Deno.test("rpc doctor looks at the last known servers of a registry that is away", async () => {
  await using home = await RpcHome.create();
  const { address, host, port } = await home.serve();
  const registry = `zookeeper://127.0.0.1:${freePort()}`;
  const place = onWindows ? ["rpc", "state"] : ["rpc"];
  const directory = join(home.directory, "state", ...place);
  const instance = { id: "i", service: "rpc", host, port, weight: 1, zone: "", version };
  await new LastKnownStore({ directory, log: silentLogger }).save({
    registry,
    service: "rpc",
    savedAtMs: 0,
    instances: [{ ...instance, methods: [], startedAtMs: 0 }],
  });
  const result = await home.run(["doctor", "--json", "-r", registry, "-t", "2m"]);
  assert.equal(result.code, 1);
  const findings = findingsOf(result).map(({ check, status }) => `${check} ${status}`);
  assert.deepEqual(findings.slice(-5), [
    "registry wrong",
    "service hint",
    "versions ok",
    "server ok",
    "clock ok",
  ]);
  assert.match(result.stdout, new RegExp(`${address} answers in`));
});

signalTest(
  "rpc doctor tells of keys that are there, and of those that cannot be used",
  async () => {
    await using home = await RpcHome.create();
    assert.equal((await home.run(["keys", "init", "--name", "alpha"])).code, 0);
    const server = await home.serve();
    const well = await home.run(["doctor", "--json", "-t", "2m"]);
    assert.equal(well.code, 0, well.stdout);
    assert.match(findingsOf(well)[0]?.text ?? "", /^alpha, .*admin, until .* 397 days left$/);

    const without = await home.run(["doctor", "--json", "--insecure", "-t", "2m"]);
    assert.equal(without.code, 1);
    const statuses = findingsOf(without).map(({ check, status }) => `${check} ${status}`);
    assert.ok(statuses.includes("keys hint") && statuses.includes("server wrong"), without.stdout);
    const [refused] = findingsOf(without).filter(({ check }) => check === "server");
    assert.match(refused?.text ?? "", /: it wants keys$/);
    assert.match(refused?.todo ?? "", /rpc keys join here; if it has, leave out --insecure$/);

    await Deno.remove(`${home.directory}/config/rpc/keys/machine.key`);
    const broken = await home.run(["doctor", "--json", "-t", "2m"]);
    assert.equal(broken.code, 1);
    assert.match(findingsOf(broken)[0]?.text ?? "", /machine\.key is missing/);
    assert.equal(await server.stop(), 0);
  },
);

modeTest(
  "rpc doctor tells of files of keys that do not count, with the command that mends them",
  async () => {
    await using home = await RpcHome.create();
    assert.equal((await home.run(["keys", "init", "--name", "alpha"])).code, 0);
    const keys = `${home.directory}/config/rpc/keys`;
    const findings = async () =>
      findingsOf(await home.run(["doctor", "--json"])).filter(({ check, status }) =>
        check === "keys" && status !== "ok"
      );
    const other = { env: { RPC_KEYS: `${home.directory}/other` } };
    assert.equal((await home.run(["keys", "init", "--name", "beta"], other)).code, 0);
    const authorities = [keys, other.env.RPC_KEYS].map((at) =>
      Deno.readTextFileSync(`${at}/ca.crt`)
    );
    await Deno.writeTextFile(`${keys}/ca.crt`, authorities.join(""));
    const [hint, ...more] = await findings();
    assert.deepEqual(more, []);
    assert.equal(hint?.status, "hint");
    assert.match(hint.text, /^ca\.crt has 1 more than the authority that made .* of alpha/);

    for (const name of ["ca.key", "machine.key"]) {
      await Deno.chmod(`${keys}/${name}`, 0o644);
      const wrong = (await findings()).at(-1);
      assert.equal(wrong?.status, "wrong", name);
      assert.match(wrong.text, /other users of this machine can read it$/);
      assert.equal(wrong.todo, `chmod 600 ${keys}/${name}`);
      await Deno.chmod(`${keys}/${name}`, 0o600);
    }
  },
);
