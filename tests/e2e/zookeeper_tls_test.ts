import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { startZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";

zooKeeperTest(
  "rpc keys zookeeper makes what has a ZooKeeper speak TLS with the same keys",
  async () => {
    await using home = await RpcHome.create();
    await using stranger = await RpcHome.create();
    await home.run(["keys", "init", "--name", "alpha"]);
    await stranger.run(["keys", "init", "--name", "eve"]);
    const made = await home.run(["keys", "zookeeper", "127.0.0.1"]);
    assert.equal(made.code, 0, made.stderr);
    assert.doesNotMatch(made.stdout + made.stderr, /PRIVATE KEY/);
    const config = Object.fromEntries(
      made.lines.filter((line) => line.includes("=")).map((line) => line.split("=", 2)),
    );
    const [key] = made.lines.filter((line) => line.startsWith("ssl.keyStore.location="));
    assert.equal((Deno.statSync(key?.split("=")[1] ?? "").mode ?? 0) & 0o077, 0);

    const secure = freePort();
    await using server = await startZooKeeper({ config: { ...config, secureClientPort: secure } });
    const registry = `zookeepers://127.0.0.1:${secure}/secure`;
    const env = { RPC_REGISTRY: registry };
    const served = await home.serve([], { env });
    const called = await home.run(["call", "ping"], { env });
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

    const plain = { RPC_REGISTRY: `zookeeper://127.0.0.1:${secure}/secure` };
    const plainly = await home.run(["call", "ping"], { env: plain });
    assert.match(plainly.stderr, /speaks TLS there.*zookeepers:\/\//);
    const tlsToPlain = { RPC_REGISTRY: `zookeepers://${server.connectString}/secure` };
    const wrongly = await home.run(["call", "ping"], { env: tlsToPlain });
    assert.match(wrongly.stderr, /does not speak TLS.*\. If it speaks no TLS, write zookeeper:/);
    await served.stop();
  },
);
