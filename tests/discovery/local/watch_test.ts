import assert from "node:assert/strict";
import { join } from "node:path";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { systemRandom } from "../../../src/base/random.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { LocalDiscovery } from "../../../src/discovery/local/local.ts";
import type { WatchDirectory } from "../../../src/discovery/local/watch.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { anInstance, Recorder } from "../recorder.ts";

/** Never, as far as a test goes: what it sees must have come by an event. */
const never = 3_600_000;

Deno.test("local: a registration is looked at once it is whole, many of them together", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const clock = new VirtualClock();
    const events = new TransformStream<{ readonly paths: readonly string[] }>();
    const emit = events.writable.getWriter();
    const service = join(directory, "rpc");
    let isListening = false;
    const server = open(directory, systemClock);
    const discovery = open(directory, clock, () => {
      isListening = true;
      return Object.assign(events.readable.values(), { close: () => void emit.close() });
    });
    try {
      const recorder = new Recorder();
      discovery.watch("rpc", recorder);
      const untilIdle = (what: string, condition: () => boolean) =>
        waitFor(what, () => {
          clock.advance(0);
          // A look that is under way has no timer.
          return condition() && clock.pendingTimers === 1 && clock.nextDueMs !== clock.now();
        });
      const isListed = (count: number) => recorder.last?.instances.length === count;
      const tellOf = () =>
        emit.write({
          paths: [...Deno.readDirSync(service)].map(({ name }) => join(service, name)),
        });
      await untilIdle("the events to begin", () => isListening);
      clock.advance(1_000);

      await server.announce(anInstance({ port: 7001 })).registered;
      await tellOf();
      await untilIdle("the first server, with no time gone by", () => isListed(1));

      await server.announce(anInstance({ port: 7002 })).registered;
      await tellOf();
      await waitFor("the look to be asked for", () => (clock.nextDueMs ?? never) < never);
      assert.ok(isListed(1), "not looked at right after the look before");
      clock.advance(5);
      await untilIdle("the second server", () => isListed(2));

      const id = crypto.randomUUID();
      const lockPath = join(service, `${id}.lock`);
      const lock = Deno.openSync(lockPath, { createNew: true, read: true, write: true });
      lock.lockSync(true);
      const killed = encodeInstance(anInstance({ port: 7003 }), id);
      await Deno.writeTextFile(join(service, `${id}.json`), killed);
      await tellOf();
      await waitFor("the look to be asked for", () => (clock.nextDueMs ?? never) < never);
      clock.advance(5);
      await untilIdle("the third server", () => isListed(3));
      // As the kernel does it: its files are as they were.
      lock.close();
      await emit.write({ paths: [lockPath] });
      await waitFor("the look to be asked for", () => (clock.nextDueMs ?? never) < never);
      clock.advance(5);
      await untilIdle("its end", () => isListed(2));
    } finally {
      await discovery.close();
      await server.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("local: events that have ended with their directory begin anew at the next look", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const clock = new VirtualClock();
    let begun = 0;
    let ended = 0;
    const discovery = open(directory, clock, (path) => {
      begun++;
      const events = new Blob([]).stream().pipeThrough(
        new TransformStream<unknown, { readonly paths: readonly string[] }>({
          flush: (controller) => controller.enqueue({ paths: [path] }),
        }),
      );
      return Object.assign(events.values(), { close: () => void ended++ });
    });
    try {
      discovery.watch("rpc", new Recorder());
      for (let look = 1; look <= 3; look++) {
        await waitFor("the events to end", () => {
          clock.advance(0);
          return ended === look;
        });
        assert.equal(begun, look);
        clock.advance(never);
      }
    } finally {
      await discovery.close();
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

function open(directory: string, clock: Clock, watchDirectory?: WatchDirectory): LocalDiscovery {
  return new LocalDiscovery(
    { kind: "local", directory },
    {
      ...{ clock, random: systemRandom, log: silentLogger, rescanMs: never },
      ...(watchDirectory === undefined ? {} : { watchDirectory }),
    },
  );
}
