import assert from "node:assert/strict";
import { type Clock, systemClock, type Timer } from "../../../src/base/clock.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { systemRandom } from "../../../src/base/random.ts";
import type { AnnounceOptions, Discovery } from "../../../src/discovery/discovery.ts";
import { RunningServer } from "../../../src/library/running/running_server.ts";
import { denoWorkerCommand } from "../../../src/library/worker_command.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { waitFor } from "../../support/wait_for.ts";

/** A registry that takes whatever is announced. */
const takesAll: Discovery = {
  url: "static:127.0.0.1:1",
  announce: () => ({
    registered: Promise.resolve(),
    isRegistered: true,
    override: () => Promise.resolve({ drained: false }),
    withdraw: () => Promise.resolve(),
  }),
  watch: () => ({ close() {} }),
  services: () => Promise.resolve([]),
  close: () => Promise.resolve(),
};

/** A server of what is built in. */
const plain = {
  module: undefined,
  exec: undefined,
  builtin: true,
  listen: { host: "127.0.0.1", port: 0 },
  service: "rpc",
  weight: 1,
  zone: "",
  workers: 1,
  queueMax: 1,
  workerCommand: denoWorkerCommand,
  clock: systemClock,
  random: systemRandom,
  log: new RecordingLogger(),
};

/** The system's clock, and what does at once all that is to be done by it again and again. */
function lookedAtAtWill(): { readonly clock: Clock; readonly look: () => void } {
  const looks: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    every(periodMs, callback) {
      looks.push(callback);
      return systemClock.every(periodMs, callback);
    },
  };
  return { clock, look: () => looks.forEach((one) => one()) };
}

Deno.test("an outage of the registry is told as what it is: registered still, or not", async () => {
  const log = new RecordingLogger();
  let isRegistered = true;
  let options: AnnounceOptions | undefined;
  const discovery: Discovery = {
    url: "static:127.0.0.1:1",
    announce(_instance, given) {
      options = given;
      return {
        registered: Promise.resolve(),
        get isRegistered() {
          return isRegistered;
        },
        override: () => Promise.resolve({ drained: false }),
        withdraw: () => Promise.resolve(),
      };
    },
    watch: () => ({ close() {} }),
    services: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  await using _server = await RunningServer.start({
    ...plain,
    discovery,
    log,
  });
  const outage = new RpcError("Unavailable", "nobody answers");
  options?.trouble?.(outage);
  isRegistered = false;
  options?.trouble?.(outage);
  options?.recovered?.();
  // On a busy machine the log has also told that the procedures were still being loaded.
  assert.deepEqual(log.warnings.filter((line) => !line.startsWith("Still loading")), [
    "Registered still, though the registry is out of reach: nobody answers {}",
    "Not registered, trying again: nobody answers {}",
    "Registered: the registry works again {}",
  ]);
});

// To see it fail: let #move() in src/library/running/running_server.ts do nothing.
Deno.test("a server whose machine has another address is announced there, and once", async () => {
  let own = "192.168.0.211";
  const announced = new Set<string>();
  const seen: string[] = [];
  const discovery: Discovery = {
    ...takesAll,
    url: "zookeeper://192.168.0.100:2181",
    announce(instance) {
      announced.add(instance.host);
      seen.push(instance.host);
      const withdraw = () => Promise.resolve(void announced.delete(instance.host));
      return { ...takesAll.announce(instance, {}), withdraw };
    },
  };
  const { clock, look } = lookedAtAtWill();
  await using server = await RunningServer.start({
    ...plain,
    listen: { host: "0.0.0.0", port: 0 },
    interfaces: () => [{ name: "eth0", address: own, family: "IPv4" }],
    discovery,
    clock,
  });
  assert.deepEqual([...announced], ["192.168.0.211"]);
  own = "192.168.0.212";
  look();
  await waitFor("the former one to be withdrawn", () => !announced.has("192.168.0.211"));
  assert.deepEqual([...announced], ["192.168.0.212"]);
  assert.match(server.address, /^192\.168\.0\.212:\d+$/);
  await server.close();
  assert.deepEqual([[...announced], seen], [[], ["192.168.0.211", "192.168.0.212"]]);
});

Deno.test("a server on an address that its machine has no longer says so, once", async () => {
  let own = "127.0.0.1";
  const log = new RecordingLogger();
  const { clock, look } = lookedAtAtWill();
  await using _server = await RunningServer.start({
    ...plain,
    interfaces: () => [{ name: "eth0", address: own, family: "IPv4" }],
    discovery: { ...takesAll, url: "zookeeper://192.168.0.100:2181" },
    clock,
    log,
  });
  own = "192.168.0.212";
  look();
  look();
  const told = log.warnings.filter((line) => line.includes("nobody reaches this server any more"));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /^This machine has the address 192\.168\.0\.212 in place of 127\./);
});

// Clients of the new cluster use no server that is announced as one of the former.
Deno.test("a server that gets keys of another cluster is announced as one of it, while it serves", async () => {
  await using former = await TestCluster.create();
  await using cluster = await TestCluster.create();
  const announced: (string | undefined)[] = [];
  const discovery: Discovery = {
    ...takesAll,
    announce(instance) {
      announced.push(instance.cluster);
      const withdraw = () => Promise.resolve(void announced.splice(0, 1));
      return { ...takesAll.announce(instance, {}), withdraw };
    },
  };
  const keys = former.ring(await former.member("server"));
  await using server = await RunningServer.start({ ...plain, discovery, keys });
  assert.deepEqual(announced, [former.id]);
  cluster.write(await cluster.member("server"), keys.directory);
  await waitFor("the new announcement", () => announced[0] !== former.id);
  assert.deepEqual(announced, [cluster.id]);
  await server.close();
  assert.deepEqual(announced, []);
});

Deno.test("the registry is connected to while the workers start", async () => {
  const told: string[] = [];
  const discovery: Discovery = {
    url: "static:127.0.0.1:1",
    prepare: () => told.push("prepare"),
    announce: () => assert.fail("it cannot start"),
    watch: () => ({ close() {} }),
    services: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  const starting = RunningServer.start({
    ...plain,
    discovery,
    workerCommand: () => {
      told.push("worker");
      throw new Error("no worker here");
    },
  });
  await assert.rejects(starting, /no worker here/);
  assert.deepEqual(told, ["prepare", "worker"]);
});

Deno.test("a server that cannot be announced leaves nothing behind that looks after its keys", async () => {
  await using cluster = await TestCluster.create();
  const running = new Set<Timer>();
  const clock: Clock = {
    ...systemClock,
    every(periodMs, callback) {
      const timer = systemClock.every(periodMs, callback);
      const own = {
        cancel() {
          running.delete(own);
          timer.cancel();
        },
      };
      running.add(own);
      return own;
    },
  };
  const discovery: Discovery = {
    url: "static:127.0.0.1:1",
    announce: () => {
      throw new RpcError("InvalidParams", "no client could read it");
    },
    watch: () => ({ close() {} }),
    services: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
  const starting = RunningServer.start({
    ...plain,
    discovery,
    keys: cluster.ring(await cluster.member("server")),
    clock,
  });
  await assert.rejects(starting, /no client could read it/);
  assert.equal(running.size, 0);
});

Deno.test("localhost is this machine alone, whatever its hosts file says", async () => {
  const listen = { host: "LocalHost", port: 0 };
  await using server = await RunningServer.start({ ...plain, listen, discovery: takesAll });
  assert.match(server.address, /^127\.0\.0\.1:\d+$/);
});
