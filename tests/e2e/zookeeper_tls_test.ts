import assert from "node:assert/strict";
import { zooKeeperName } from "../../src/keys/names.ts";
import { freePort } from "../support/free_port.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { TestCluster } from "../support/test_pki.ts";
import { startZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";

/** The path that a line of properties tells. */
function unescaped(value = ""): string {
  return JSON.parse(`"${value}"`);
}

zooKeeperTest(
  "rpc keys zookeeper makes what has a ZooKeeper speak TLS with the same keys",
  async () => {
    await using home = await RpcHome.create();
    await using stranger = await RpcHome.create();
    // Java reads the paths in what is printed by rules of its own.
    const own = { XDG_CONFIG_HOME: `${home.directory}/config é` };
    await home.run(["keys", "init", "--name", "alpha"], { env: own });
    await stranger.run(["keys", "init", "--name", "eve"]);
    const made = await home.run(["keys", "zookeeper", "127.0.0.1"], { env: own });
    assert.equal(made.code, 0, made.stderr);
    assert.doesNotMatch(made.stdout + made.stderr, /PRIVATE KEY/);
    const config = Object.fromEntries(
      made.lines.filter((line) => line.includes("=")).map((line) => line.split("=", 2)),
    );
    const [key] = made.lines.filter((line) => line.startsWith("ssl.keyStore.location="));
    assert.equal((Deno.statSync(unescaped(key?.split("=")[1])).mode ?? 0) & 0o077, 0);

    const secure = freePort();
    await using server = await startZooKeeper({ config: { ...config, secureClientPort: secure } });
    const registry = `zookeepers://127.0.0.1:${secure}/secure`;
    const env = { RPC_REGISTRY: registry };
    const served = await home.serve([], { env: { ...own, ...env } });
    const called = await home.run(["call", "ping"], { env: { ...own, ...env } });
    assert.equal(called.stdout, '"pong"\n', called.stderr);

    const outside = await stranger.run(["call", "ping"], { env });
    assert.equal(outside.code, 1);
    assert.match(
      outside.stderr,
      /keys of cluster .* \(rpc keys show on both\)\)\. Choose another registry/,
    );
    await using none = await RpcHome.create();
    const keyless = await none.run(["call", "ping"], { env });
    assert.equal(keyless.code, 1);
    assert.match(keyless.stderr, /does not trust who signed it: .* \(rpc keys join\)$/m);

    const plain = { ...own, RPC_REGISTRY: `zookeeper://127.0.0.1:${secure}/secure` };
    const plainly = await home.run(["call", "ping"], { env: plain });
    assert.match(plainly.stderr, /speaks TLS there.*zookeepers:\/\//);
    const tlsToPlain = { ...own, RPC_REGISTRY: `zookeepers://${server.connectString}/secure` };
    const wrongly = await home.run(["call", "ping"], { env: tlsToPlain });
    assert.match(wrongly.stderr, /does not speak TLS.*\. If it speaks no TLS, write zookeeper:/);
    await served.stop();
  },
);

zooKeeperTest(
  "that ZooKeeper's certificate ends soon is told wherever keys' ends are",
  async () => {
    await using home = await RpcHome.create();
    await using cluster = await TestCluster.create();
    const keys = cluster.write(await cluster.member("alpha"));
    cluster.makeOwner(keys, ["alpha"]);
    const env = { RPC_KEYS: keys };
    const made = await home.run(["keys", "zookeeper", "127.0.0.1"], { env });
    const config = Object.fromEntries(
      made.lines.filter((line) => line.includes("=")).map((line) => line.split("=", 2)),
    );
    const ending = await cluster.faulty({
      name: "127.0.0.1",
      dns: [zooKeeperName(cluster.id)],
      uris: [],
      toDays: 9.5,
    });
    await Deno.writeTextFile(
      unescaped(config["ssl.keyStore.location"]),
      ending.privateKey + ending.certificate,
    );
    const secure = freePort();
    await using _zooKeeper = await startZooKeeper({
      config: { ...config, secureClientPort: secure },
    });
    const options = { env: { ...env, RPC_REGISTRY: `zookeepers://127.0.0.1:${secure}` } };
    const told = new RegExp(
      `ZooKeeper's certificate at 127\\.0\\.0\\.1:${secure} ends: [\\d-]+, 9 days left\\. ` +
        "(To do: )?rpc keys zookeeper 127\\.0\\.0\\.1 makes another",
    );

    const metrics = `127.0.0.1:${freePort()}`;
    const server = await home.serve(["--metrics", metrics], options);
    await server.process.says(told);
    assert.match((await home.run(["servers"], options)).stderr, told);
    const doctor = await home.run(["doctor"], options);
    assert.match(doctor.stdout, told);
    assert.equal(doctor.code, 0, "a hint is no fault");
    const page = await (await fetch(`http://${metrics}/metrics`)).text();
    const [, seconds] = /^rpc_registry_keys_end_timestamp_seconds (\S+)$/m.exec(page) ?? [];
    assert.ok(Math.abs(Number(seconds) * 1_000 - Date.now() - 9.5 * 86_400_000) < 3_600_000, page);
    await server.stop();
  },
);
