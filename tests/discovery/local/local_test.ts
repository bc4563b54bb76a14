import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock, type Timer } from "../../../src/base/clock.ts";
import type { RpcError } from "../../../src/base/errors.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { LocalDiscovery, type LocalDiscoveryOptions } from "../../../src/discovery/local/local.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { discoverySuite } from "../discovery_suite.ts";
import { anInstance, Recorder, RecordingLogger } from "../recorder.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** Never, as far as a test goes: what it sees must have come by an event. */
const never = 3_600_000;

/** As where no handles for events are left. */
function noEvents(): never {
  throw new Error("Too many open files (os error 24)");
}

discoverySuite("local", (name, body) => {
  Deno.test(name, () =>
    inDirectory((directory) =>
      body({
        open: (log) => open(directory, { log }),
        async addMalformed(service) {
          const path = join(directory, service);
          await Deno.mkdir(path, { recursive: true });
          await Deno.writeTextFile(join(path, `${crypto.randomUUID()}.json`), '{"name": "rp');
        },
      })
    ));
});

for (
  const [how, options] of [
    ["by events", {}],
    ["without events", { watchDirectory: noEvents, rescanMs: 30 }],
  ] as const
) {
  Deno.test(`local: a killed program's instance vanishes, files and all, ${how}`, async () => {
    await inDirectory(async (directory) => {
      const discovery = open(directory, options);
      const program = startAnnouncer(directory, 7001);
      try {
        const recorder = new Recorder();
        discovery.watch("rpc", recorder);
        await program.registered;
        await recorder.untilListed(anInstance({ port: 7001 }));
        assert.equal(filesOf(directory).length, 2);
        await program.kill();
        await recorder.untilListed();
        await waitFor("the files to go", () => filesOf(directory).length === 0);
      } finally {
        await program.kill();
        await discovery.close();
      }
    });
  });
}

Deno.test("local: a new server is seen by an event, no rescan is waited for", async () => {
  await inDirectory(async (directory) => {
    const discovery = open(directory, { rescanMs: never });
    try {
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      await recorder.untilListed();
      const instance = anInstance();
      const announcement = discovery.announce(instance);
      await recorder.untilListed(instance);
      await announcement.withdraw();
      await recorder.untilListed();
    } finally {
      await discovery.close();
    }
  });
});

Deno.test("local: a program that finds servers and ends at once has listened to nothing", async () => {
  await inDirectory(async (directory) => {
    const server = open(directory);
    let listened = 0;
    const discovery = open(directory, {
      watchDirectory: (path) => {
        listened++;
        return Deno.watchFs(path, { recursive: false });
      },
      rescanMs: never,
    });
    try {
      const instance = anInstance();
      await server.announce(instance).registered;
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      await recorder.untilListed(instance);
      assert.equal(listened, 0);
      await waitFor("the events to begin", () => listened === 1);
    } finally {
      await discovery.close();
      await server.close();
    }
  });
});

Deno.test("local: what happens before the events begin is found when they do", async () => {
  await inDirectory(async (directory) => {
    const [gone, changed, come] = [anInstance(), anInstance(), anInstance()];
    const server = open(directory);
    // They begin when it moves, however long what happens before takes.
    const clock = new VirtualClock();
    // Does what it is given when the events begin, and hears of nothing.
    let whenListening = () => {};
    const discovery = open(directory, {
      clock,
      watchDirectory: () => {
        whenListening();
        const { promise, resolve } = Promise.withResolvers<void>();
        async function* silence() {
          await promise;
          yield* [];
        }
        return Object.assign(silence(), { close: resolve });
      },
      rescanMs: never,
    });
    try {
      const announcement = server.announce(gone);
      await announcement.registered;
      await server.announce(changed).registered;
      const recorder = new Recorder();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      whenListening = () => {
        setWeight(directory, changed.port, 7);
        begin();
      };
      discovery.watch("rpc", recorder);
      await recorder.untilListed(gone, changed);
      await announcement.withdraw();
      await server.announce(come).registered;
      clock.advance(1_000);
      await begun;
      await recorder.untilListed(changed, come);
      await recorder.until(
        ({ last }) => last?.instances.some(({ weight }) => weight === 7) === true,
        "new weight",
      );
    } finally {
      await discovery.close();
      await server.close();
    }
  });
});

Deno.test("local: without events there is one warning, and the rescans find everything", async () => {
  await inDirectory(async (directory) => {
    const log = new RecordingLogger();
    const discovery = open(directory, { log, watchDirectory: noEvents, rescanMs: 20 });
    try {
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      await recorder.untilListed();
      const instance = anInstance();
      const announcement = discovery.announce(instance);
      await recorder.untilListed(instance);
      await announcement.withdraw();
      await recorder.untilListed();
      assert.equal(log.warnings.length, 1);
      assert.match(log.warnings[0] ?? "", /^Cannot listen for changes.*Too many open files/);
      assert.deepEqual(recorder.troubles, []);
    } finally {
      await discovery.close();
    }
  });
});

Deno.test("local: what dead programs left is cleaned up, what is not ours is let alone", async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "rpc");
    await Deno.mkdir(path);
    const [dead, unfinished] = [crypto.randomUUID(), crypto.randomUUID()];
    const left = [`${dead}.json`, `${dead}.lock`, `${unfinished}.lock`, `${unfinished}.tmp`];
    const foreign = ["notes.txt", "package.json", "x.lock"];
    for (const name of [...left, ...foreign]) await Deno.writeTextFile(join(path, name), "{}");
    const log = new RecordingLogger();
    const clock = new CountingClock();
    const discovery = open(directory, { log, clock, rescanMs: 20 });
    try {
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      await recorder.untilListed();
      await waitFor("the clean-up", () => filesOf(directory).length === foreign.length);
      await clock.rounds(5);
      assert.deepEqual(filesOf(directory), foreign);
      assert.equal(log.warnings.length, 1);
      assert.match(log.warnings[0] ?? "", /package\.json/);
    } finally {
      await discovery.close();
    }
  });
});

Deno.test("local: an announcement whose files are removed makes them again", async () => {
  await inDirectory(async (directory) => {
    const discovery = open(directory, { rescanMs: 30 });
    try {
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      const instance = anInstance();
      await discovery.announce(instance).registered;
      await recorder.untilListed(instance);
      const before = filesOf(directory);
      // The directory of the service goes too, and with it the events.
      await Deno.remove(join(directory, "rpc"), { recursive: true });
      await waitFor("new files", () => {
        const files = isThere(join(directory, "rpc")) ? filesOf(directory) : [];
        return files.length === 2 && files.every((file) => !before.includes(file));
      });
      await recorder.untilListed(instance);
      const other = anInstance();
      await discovery.announce(other).registered;
      await recorder.untilListed(instance, other);
    } finally {
      await discovery.close();
    }
  });
});

Deno.test("local: where nothing can be written there is trouble, until it can", async () => {
  await inDirectory(async (parent) => {
    const directory = join(parent, "registry");
    await Deno.writeTextFile(directory, "a file in the way");
    const clock = new CountingClock();
    const discovery = open(directory, { clock, rescanMs: 20 });
    try {
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      const troubles: RpcError[] = [];
      let recovered = 0;
      const instance = anInstance();
      const announcement = discovery.announce(instance, {
        trouble: (error) => troubles.push(error),
        recovered: () => recovered++,
      });
      await recorder.until(({ troubles }) => troubles.length > 0, "trouble");
      await waitFor("trouble", () => troubles.length > 0);
      await clock.rounds(10);
      assert.match(
        recorder.troubles[0]?.message ?? "",
        /^Cannot read the local registry .*registry: .*RPC_REGISTRY, as local:\/some\/dir\)$/s,
      );
      assert.match(
        troubles[0]?.message ?? "",
        /^Cannot announce the server in the local registry /,
      );
      assert.equal(announcement.isRegistered, false);
      await Deno.remove(directory);
      await announcement.registered;
      await recorder.untilListed(instance);
      assert.equal(recorder.troubles.length, 1, "said once");
      assert.equal(troubles.length, 1, "said once");
      assert.equal(recovered, 1, "said once");
    } finally {
      await discovery.close();
    }
  });
});

/** The machine's clock; it counts the timers that were set: each scan sets one for the next. */
class CountingClock implements Clock {
  readonly now = systemClock.now;
  readonly wallTimeMs = systemClock.wallTimeMs;
  readonly every = systemClock.every;
  #timers = 0;

  after(...timer: Parameters<Clock["after"]>): Timer {
    this.#timers++;
    return systemClock.after(...timer);
  }

  async rounds(count: number): Promise<void> {
    const enough = this.#timers + count;
    await waitFor(`${count} more timers`, () => this.#timers >= enough);
  }
}

function open(directory: string, options: Partial<LocalDiscoveryOptions> = {}): LocalDiscovery {
  return new LocalDiscovery(
    { kind: "local", directory },
    { clock: systemClock, random: systemRandom, log: silentLogger, ...options },
  );
}

/** The names of the files of the service `rpc`. */
function filesOf(directory: string): string[] {
  return [...Deno.readDirSync(join(directory, "rpc"))].map(({ name }) => name).sort();
}

/** Gives the instance at a port another weight, by a rename as a server does it. */
function setWeight(directory: string, port: number, weight: number): void {
  for (const name of filesOf(directory).filter((name) => name.endsWith(".json"))) {
    const path = join(directory, "rpc", name);
    const said = JSON.parse(Deno.readTextFileSync(path));
    if (said.port !== port) continue;
    said.rpc.weight = weight;
    Deno.writeTextFileSync(`${path}.new`, JSON.stringify(said));
    Deno.renameSync(`${path}.new`, path);
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "rpc-local-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A program that announces, to be killed. */
function startAnnouncer(directory: string, port: number) {
  const script = fileURLToPath(new URL("../announce_process.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", script, directory, String(port)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let isDead = false;
  return {
    registered: output.read().then(({ value }) => assert.equal(value?.trim(), "registered")),
    /** SIGKILL. Resolves when it is dead. Can be repeated. */
    async kill() {
      if (isDead) return;
      isDead = true;
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
    },
  };
}

Deno.test({
  ...skippedIf(onWindows, "local: pipes, devices and huge files hang nobody, and hide no server"),
}, async () => {
  await inDirectory(async (directory) => {
    const path = join(directory, "rpc");
    await Deno.mkdir(path);
    const ids = Array.from({ length: 4 }, () => crypto.randomUUID());
    const pipes = [`${ids[0]}.json`, `${ids[1]}.lock`, `${ids[2]}.lock`];
    const { success } = await new Deno.Command("mkfifo", {
      args: pipes.map((name) => join(path, name)),
    }).output();
    assert.ok(success);
    await Deno.writeTextFile(join(path, `${ids[1]}.json`), "{}");
    await Deno.symlink("/dev/zero", join(path, `${ids[2]}.json`));
    // Sparse: it takes no room.
    using huge = await Deno.open(join(path, `${ids[3]}.json`), { write: true, createNew: true });
    await huge.truncate(8 * 1024 ** 3);
    const log = new RecordingLogger();
    const discovery = open(directory, { log });
    try {
      const recorder = new Recorder();
      const instance = anInstance();
      discovery.watch("rpc", recorder);
      discovery.announce(instance);
      await recorder.untilListed(instance);
      const text = log.warnings.join("\n");
      for (const id of ids) assert.ok(text.includes(id), text);
      assert.match(text, /no regular file/);
      assert.match(text, /has 8589934592 bytes, more than/);
    } finally {
      await discovery.close();
    }
  });
});
