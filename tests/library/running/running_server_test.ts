import assert from "node:assert/strict";
import { type Clock, systemClock, type Timer } from "../../../src/base/clock.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { systemRandom } from "../../../src/base/random.ts";
import type { AnnounceOptions, Discovery } from "../../../src/discovery/discovery.ts";
import { RunningServer } from "../../../src/library/running/running_server.ts";
import { denoWorkerCommand } from "../../../src/library/worker_command.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { TestCluster } from "../../support/test_pki.ts";

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
  // On a busy machine the log has also told that the procedures were still being loaded.
  assert.deepEqual(log.warnings.filter((line) => !line.startsWith("Still loading")), [
    "Registered still, though the registry is out of reach: nobody answers {}",
    "Not registered, trying again: nobody answers {}",
  ]);
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
