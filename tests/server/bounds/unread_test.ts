import assert from "node:assert/strict";
import * as z from "zod";
import { crowdedOutboxBytesMax, unreadBytesCrowded } from "../../../src/server/limits.ts";
import { Budget } from "../../../src/base/bounds/budget.ts";
import { giveWay } from "../../../src/base/system/give_way.ts";
import { defineProcedure } from "../../../src/procedures/procedure.ts";
import { unreadLookMs } from "../../../src/base/limits.ts";
import type { Accepted, Listener, ServerConnection } from "../../../src/server/listener.ts";
import { Shared } from "../../../src/server/bounds/shared.ts";
import { Unread } from "../../../src/server/bounds/unread.ts";
import type { Outbox } from "../../../src/wire/outbox.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { serverTest } from "../fixtures/harness.ts";
import { sessionOn } from "../fixtures/session_on.ts";

/** A peer that leaves unread what a test says, beside one that leaves much more. */
function setUp(bytesMax = 1_000_000) {
  const outbox = {
    pendingBytes: 0,
    bytesWritten: 0,
    get heldBytes() {
      return outbox.pendingBytes;
    },
  };
  const budget = new Budget(Infinity, new VirtualClock());
  const unread = new Unread(
    outbox as Outbox,
    bytesMax,
    budget,
    { owner: "", isOneCaller: false },
    () => assert.fail("no need"),
  );
  const grow = (bytes: number) => {
    outbox.pendingBytes += bytes;
    unread.grew();
  };
  return { outbox, budget, unread, grow };
}

Deno.test("a peer may leave its share unread, and only little of it where all leave much", () => {
  const { outbox, budget, unread } = setUp();
  const isFullAt = (bytes: number) => {
    outbox.pendingBytes = bytes;
    return unread.isFull;
  };
  const other = { heldBytes: () => unreadBytesCrowded, progress: () => 0, giveUp() {} };
  budget.count(other);
  assert.deepEqual([1_000_000, 1_000_001].map(isFullAt), [false, true]);
  budget.count({ ...other, heldBytes: () => 100_000 });
  assert.deepEqual([crowdedOutboxBytesMax, crowdedOutboxBytesMax + 1].map(isFullAt), [false, true]);
  const little = setUp(1_000);
  little.outbox.pendingBytes = 1_001;
  assert.ok(little.unread.isFull);
});

Deno.test("what a peer leaves unread is counted when it has grown by much, and as it is when it is asked for", () => {
  const { outbox, budget, unread, grow } = setUp();
  unread.count();
  grow(crowdedOutboxBytesMax - 1);
  assert.equal(budget.total, 0);
  grow(1);
  assert.equal(budget.total, crowdedOutboxBytesMax);
  grow(crowdedOutboxBytesMax - 1);
  assert.equal(budget.total, crowdedOutboxBytesMax);
  // It has read, and what it leaves grows once more from there.
  outbox.pendingBytes = 10;
  grow(10);
  grow(crowdedOutboxBytesMax);
  assert.equal(budget.total, crowdedOutboxBytesMax + 20);
  outbox.pendingBytes = 100_000;
  unread.count();
  assert.equal(budget.total, 100_000);
  outbox.pendingBytes = 0;
  unread.count();
  assert.equal(budget.total, 0);
  grow(crowdedOutboxBytesMax);
  unread.forget();
  assert.equal(budget.total, 0);
});

const answerBytes = 16 * 1024;

/** Peers that send what they are given at once, and read nothing before the test says so. */
class SilentPeers implements Listener {
  readonly addr = { host: "127.0.0.1", port: 1 };
  readonly #waiting: Accepted[];
  readonly #reads = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<null>();
  written = 0;

  constructor(count: number, sent: Uint8Array) {
    this.#waiting = Array.from({ length: count }, () => this.#peer(sent));
  }

  /** From now on all read all that they are sent. */
  read(): void {
    this.#reads.resolve();
  }

  async accept(): Promise<Accepted> {
    const next = this.#waiting.shift();
    if (next !== undefined) return next;
    await this.#closed.promise;
    throw new Deno.errors.BadResource("closed");
  }

  close(): void {
    this.#closed.resolve(null);
  }

  #peer(sent: Uint8Array): Accepted {
    let rest = sent;
    return {
      from: "127.0.0.1:2",
      caller: undefined,
      connection: {
        read: (buffer) => {
          if (rest.length === 0) return this.#closed.promise;
          const part = rest.subarray(0, buffer.length);
          buffer.set(part);
          rest = rest.subarray(part.length);
          return Promise.resolve(part.length);
        },
        write: async ({ length }) => {
          await this.#reads.promise;
          this.written += length;
          return length;
        },
        closeWrite: () => Promise.resolve(),
        close: () => this.close(),
      },
    };
  }
}

serverTest(
  "answers for many who do not read stop being made long before each has its own share, and go on when they read",
  async (harness) => {
    let made = 0;
    const answer = defineProcedure(
      { input: z.tuple([]), output: z.string(), kind: "inline" },
      () => {
        made++;
        return "x".repeat(answerBytes);
      },
    );
    const [peers, callsEach] = [100, 50];
    const line = '{"jsonrpc":"2.0","id":1,"method":"answer"}\n';
    const listener = new SilentPeers(peers, new TextEncoder().encode(line.repeat(callsEach)));
    harness.listen({ listener, procedures: { answer } });
    // Each leaves as much unread as it may while many do.
    await waitFor("answers for all", () => made * answerBytes >= peers * crowdedOutboxBytesMax);
    for (let i = 0; i < 20; i++) await new Promise<void>(giveWay);
    const bytesMax = unreadBytesCrowded + peers * (crowdedOutboxBytesMax + 2 * answerBytes);
    assert.ok(made > peers && made * answerBytes <= bytesMax, `${made} answers`);
    listener.read();
    await waitFor("all answers", () => made === peers * callsEach);
  },
);

/** A connection whose peer reads nothing. */
function silentConnection(): ServerConnection {
  const closed = Promise.withResolvers<null>();
  return {
    read: () => closed.promise,
    write: () => new Promise(() => {}),
    closeWrite: () => Promise.resolve(),
    close: () => closed.resolve(null),
  };
}

Deno.test("a caller that leaves much unread on some connections is given nothing more on any", async () => {
  const clock = new VirtualClock();
  const shared = new Shared(clock, () => 2, { unreadBytesMax: 64_000_000 });
  const of = (owner: string, isOneCaller = true) =>
    sessionOn(silentConnection(), { clock, shared, group: { connections: 1, owner, isOneCaller } });
  const answer = "x".repeat(3_000_000);
  const full = Array.from({ length: 6 }, () => of("many"));
  const [same, other, machine] = [of("many"), of("other"), of("machine", false)];
  for (const session of full) session.add(answer);
  const own = of("machine", false);
  for (let i = 0; i < 6; i++) own.add(answer);
  assert.deepEqual([same, other, machine].map(({ isFull }) => isFull), [true, false, false]);
  let isDrained = false;
  const drained = same.drained().then(() => isDrained = true);
  await settled();
  assert.ok(!isDrained, "its own answers alone are read");
  for (const session of full) session.close();
  await clock.advanceAsync(unreadLookMs);
  await drained;
  assert.ok(!same.isFull);
  for (const session of [same, other, machine, own]) session.close();
});
