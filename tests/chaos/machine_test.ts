/** A machine that runs out of handles or disk, or whose clock is set. */

import assert from "node:assert/strict";
import { SmallDisk, smallDiskMissing } from "../support/small_disk.ts";
import { waitFor } from "../support/wait_for.ts";
import { startZooKeeper, zooKeeperTest } from "../support/zookeeper_server.ts";
import { chaosTest, Cluster, measured, stopAll } from "./cluster.ts";
import { skippedIf } from "../support/skipped_if.ts";

// To see it fail: let RpcServer.#accept in src/server/server.ts return at the first error.
chaosTest(
  "a server without file handles serves whom it has, says so once, and recovers",
  async () => {
    await using cluster = await Cluster.create();
    const server = await cluster.serve({ shell: "ulimit -n 64;" });
    const load = await cluster.load();
    await load.more(50);
    const sockets: Deno.TcpConn[] = [];
    const complaints = () => server.stderr.match(/Cannot accept connections/g)?.length ?? 0;
    try {
      while (complaints() === 0) {
        sockets.push(await Deno.connect({ hostname: "127.0.0.1", port: server.port }));
        assert.ok(sockets.length < 200, "the handles do not run out");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await load.more(200);
      // A worker that has to be replaced cannot be, for now: that is not the server's end.
      await killWorker(server.pid);
      await waitFor("the worker's end to be noticed", () => /A worker ended/.test(server.stderr));
    } finally {
      for (const socket of sockets) socket.close();
    }
    await load.more(100);
    const { code, stderr } = await cluster.home.run(["call", "fib", "10"]);
    assert.equal(code, 0, stderr);
    await stopAll([load]);
    const result = cluster.audit();
    for (const kind of Object.keys(result.failed)) assert.equal(kind, "once WorkerLost:maybe");
    assert.equal(server.process.code, undefined);
    assert.ok(complaints() <= 3, `it complained ${complaints()} times`);
    measured("no file handles", { failed: result.failed, complaints: complaints() });
  },
);

const noDisk = smallDiskMissing();

// To see it fail: let LocalAnnouncement.#look in src/discovery/local/announcement.ts throw in place
// of #fail().
Deno.test({
  ...skippedIf(
    noDisk,
    "a server whose local registry is on a full disk serves, says so, and registers when there is room",
  ),
}, async () => {
  using disk = new SmallDisk();
  await using cluster = await Cluster.create(`local:${disk.directory}`);
  disk.fill();
  const server = await cluster.serve();
  assert.match(server.stderr, /Not registered, trying again/);
  const registry = `static:${server.address}`;
  const direct = await cluster.home.run(["call", "fib", "10", "--registry", registry]);
  assert.deepEqual([direct.code, direct.stdout], [0, "55\n"], direct.stderr);
  disk.makeRoom();
  const roomAtMs = performance.now();
  await waitFor("the registration", async () => {
    return (await cluster.home.run(["call", "ping"])).code === 0;
  });
  measured("disk full under the local registry", {
    registeredMs: Math.round(performance.now() - roomAtMs),
  });
});

/** Writes to files fail from the first byte, as on a full disk. */
const diskFull = 'trap "" XFSZ; ulimit -S -f 0;';

// To see it fail: let LastKnownStore.save in src/discovery/last_known/store.ts write to the file
// itself.
zooKeeperTest(
  "a client that cannot keep its last known list calls all the same, and spoils no older one",
  async () => {
    await using zooKeeper = await startZooKeeper();
    await using cluster = await Cluster.create(`zookeeper://${zooKeeper.connectString}`);
    await cluster.serve();
    const first = await cluster.load();
    await stopAll([first]);
    const directory = `${cluster.home.directory}/state/rpc`;
    const files = () =>
      [...Deno.readDirSync(directory)].map(({ name }) => [
        name,
        Deno.readTextFileSync(`${directory}/${name}`),
      ]);
    const before = files();
    assert.equal(before.length, 1);
    await cluster.serve();
    const second = await cluster.home.run(["call", "ping", "{i}", "--repeat", "50"], {
      shell: diskFull,
    });
    assert.equal(second.code, 0, second.stderr);
    assert.equal(second.lines.length, 50);
    assert.match(second.stderr, /Cannot keep the last known list/);
    assert.deepEqual(files(), before, "whole, and nothing is left beside it");
    await stopAll([]);
    assert.deepEqual(cluster.audit().failed, {});
    measured("disk full under the last known list", { warnings: 1 });
  },
);

/** Debian's `libfaketime`: it shows a process another wall clock, and the true monotonic one. */
const fakeTimeLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const hasFakeTime = Deno.build.os === "linux" && exists(fakeTimeLibrary);

// To see it fail: let systemClock.now in src/base/clock.ts be Date.now.
Deno.test({
  ...skippedIf(
    hasFakeTime ? undefined : "there is no libfaketime",
    "a clock that is set forward and back moves no deadline",
  ),
  async fn() {
    await using cluster = await Cluster.create();
    const clockFile = `${cluster.home.directory}/clock`;
    await Deno.writeTextFile(clockFile, "+0");
    const shell = [
      `export LD_PRELOAD=${fakeTimeLibrary}`,
      `FAKETIME_TIMESTAMP_FILE=${clockFile}`,
      "FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1;",
    ].join(" ");
    await cluster.serve({ shell });
    await cluster.serve({ shell });
    const load = await cluster.load({}, shell);
    const hang = cluster.home.run(["call", "hang", "--timeout", "3000"], { shell });
    for (const offset of ["+1d", "-1d", "+0"]) {
      await Deno.writeTextFile(clockFile, offset);
      await load.more(150);
    }
    const { code, stderr, durationMs } = await hang;
    assert.equal(code, 1);
    assert.match(stderr, /DeadlineExceeded/);
    assert.ok(durationMs > 2_500 && durationMs < 3_600_000, `it took ${durationMs} ms`);
    await stopAll([load]);
    const result = cluster.audit();
    assert.deepEqual(result.failed, {});
    const times = result.executions.map(({ atMs }) => atMs);
    const spreadHours = Math.round((Math.max(...times) - Math.min(...times)) / 3_600_000);
    assert.equal(spreadHours, 48, "the servers saw the clock jump");
    measured("clock set forward and back by a day", {
      sent: result.sent,
      failed: result.failed,
      deadlineOf3000Ms: Math.round(durationMs),
    });
  },
});

async function killWorker(pid: number): Promise<void> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  const [worker] = children.trim().split(" ").map(Number);
  if (worker === undefined || worker === 0) throw new Error(`Process ${pid} has no worker`);
  Deno.kill(worker, "SIGKILL");
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
