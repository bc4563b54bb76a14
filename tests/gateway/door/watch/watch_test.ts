import assert from "node:assert/strict";
import { Watch } from "../../../../src/gateway/door/watch/watch.ts";
import {
  watchBriefMs,
  watchKeptMax,
  watchKeptMs,
  watchPauseMs,
} from "../../../../src/gateway/limits.ts";

/** A main thread, and what is read of connections while it has no turn. */
interface Scene {
  /** Its place is its descriptor. */
  readonly peers: readonly string[];
  /** Bytes that have been read of one by then. */
  readonly read: (descriptor: number, nowMs: number) => number;
  readonly isBusy: (nowMs: number) => boolean;
  readonly answers: (nowMs: number) => boolean;
  readonly untilMs: number;
}

const quiet: Scene = {
  peers: ["a", "b"],
  read: (descriptor) => 500 * descriptor,
  isBusy: () => true,
  answers: () => false,
  untilMs: 50 * watchPauseMs,
};

/** What a watch does. */
function watched(fields: Partial<Scene>) {
  const { peers, read, isBusy, answers, untilMs } = { ...quiet, ...fields };
  let [nowMs, usedMs] = [0, 0];
  const seen = {
    ...{ asks: 0, lists: 0 },
    pauses: new Set<number>(),
    ...{ dropped: [] as string[], reset: [] as { peer: string; ms: number }[] },
  };
  const pass = (ms: number) => {
    if (isBusy(nowMs)) usedMs += ms;
    nowMs += ms;
  };
  new Watch({
    sockets: {
      descriptorsNow() {
        seen.lists++;
        return [...peers.keys()];
      },
      at: (descriptor) => ({
        ...{ descriptor, peer: peers[descriptor]!, readBytes: 0, isEnded: false },
      }),
      readBytes: (descriptor) => read(descriptor, nowMs),
    },
    silent: {
      drop({ peer }, port) {
        assert.equal(port, 80);
        return () => void seen.reset.push({ peer, ms: nowMs });
      },
    },
    ...{ port: 80, bytesMax: 1_000_000, usedMs: () => usedMs, ask: () => void seen.asks++ },
    pause(ms) {
      seen.pauses.add(ms);
      pass(ms);
    },
    wait(ms) {
      if (answers(nowMs)) return true;
      pass(ms);
      return false;
    },
    isStopped: () => nowMs >= untilMs,
    dropped: (peer) => void seen.dropped.push(peer),
    clock: { now: () => nowMs },
  }).run();
  return { ...seen, pauses: [...seen.pauses] };
}

Deno.test("a main thread with little to do is not asked, and for one that answers nothing is looked at", () => {
  const idle = watched({ isBusy: () => false });
  assert.deepEqual([idle.asks, idle.lists, idle.pauses], [0, 0, [watchPauseMs]]);
  const busy = watched({ answers: () => true });
  assert.ok(busy.asks > 10);
  assert.equal(busy.lists, 0);
});

Deno.test("of a main thread that computes nobody is dropped", () => {
  const { asks, lists, dropped } = watched({});
  assert.equal(asks, 1);
  assert.ok(lists > 0);
  assert.deepEqual(dropped, []);
});

Deno.test("who keeps it from its turns is dropped once, and is reset when it has waited", () => {
  const read = (descriptor: number, nowMs: number) => descriptor * Math.min(nowMs, 100);
  const answers = (nowMs: number) => nowMs > 100;
  const seen = watched({ read, answers, untilMs: 2 * watchKeptMs });
  assert.deepEqual(seen.dropped, ["b"]);
  assert.deepEqual(seen.reset.map(({ peer }) => peer), ["b"]);
  assert.ok(seen.reset.every(({ ms }) => watchKeptMs < ms && ms < watchKeptMs + 200));
  assert.deepEqual(seen.pauses, [watchPauseMs, watchBriefMs]);
  // It is reset at the end, too.
  assert.deepEqual(watched({ read, answers, untilMs: 200 }).reset.map(({ peer }) => peer), ["b"]);
});

Deno.test("of many that were dropped those are reset first that have waited for longest", () => {
  const peers = Array.from({ length: watchKeptMax + 10 }, (_, i) => `${i}`);
  const turnMs = 30;
  const read = (descriptor: number, nowMs: number) =>
    Math.max(0, Math.min(nowMs - descriptor * turnMs, turnMs));
  const untilMs = peers.length * turnMs + 20;
  const { dropped, reset } = watched({ peers, read, untilMs });
  // The first ones had their turns before anybody looked.
  assert.deepEqual(dropped, peers.slice(peers.length - dropped.length));
  assert.ok(dropped.length > watchKeptMax);
  assert.equal(reset.length, dropped.length);
  const early = reset.filter(({ ms }) => ms < untilMs);
  assert.deepEqual(
    early.map(({ peer }) => peer),
    dropped.slice(0, dropped.length - watchKeptMax),
  );
});
