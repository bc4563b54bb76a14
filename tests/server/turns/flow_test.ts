import assert from "node:assert/strict";
import {
  bytesBetweenBriefPauses,
  bytesBetweenPauses,
  Pauses,
} from "../../../src/base/system/give_way.ts";
import { Flow } from "../../../src/server/turns/flow.ts";
import {
  turnAwaitedBytesMax,
  turnBytesPerMs,
  turnReadBytes,
  turnReadBytesLong,
  turnsBrief,
} from "../../../src/server/turns/limits.ts";
import { Turn } from "../../../src/server/turns/turn.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

/** Long messages, and what begins the next turn. */
function setUp() {
  const pauses: (() => void)[] = [];
  const turns = new Turns(
    new VirtualClock(),
    () => false,
    (callback) => void pauses.push(callback),
  );
  const flow = new Flow(turns);
  const pass = async () => {
    pauses.shift()?.();
    await settled();
  };
  /** From now on turns are brief. */
  const makeBrief = async () => {
    void turns.next({});
    new Turn(turns, {}).begin(50);
    await pass();
    assert.equal(flow.stepBytes, bytesBetweenBriefPauses);
  };
  return { turns, flow, makeBrief, pass };
}

/** A peer that has sent more than is read at once. */
const ready = { read: (buffer: Uint8Array) => Promise.resolve(buffer.length) };

const room = new Uint8Array(256 * 1024);

Deno.test("all together read no more than a step in a turn, however many they are", async () => {
  for (const isBrief of [false, true]) {
    const { flow, makeBrief, pass } = setUp();
    if (isBrief) await makeBrief();
    let bytes = 0;
    const read = async (caller: object) => {
      for (let reads = 0; reads < 10; reads++) {
        const read = await flow.read(caller, ready, room);
        bytes += read ?? 0;
      }
    };
    for (let i = 0; i < 400; i++) void read({});
    await settled();
    const { stepBytes } = flow;
    // All of them began before any had read.
    const first = turnAwaitedBytesMax + room.length + 400 * turnReadBytes;
    assert.ok(bytes <= first, `${bytes} at first`);
    for (let turn = 0; turn < 20; turn++) {
      const before = bytes;
      await pass();
      assert.ok(bytes > before, `turn ${turn}`);
      const most = stepBytes + (isBrief ? turnReadBytesLong : room.length);
      assert.ok(bytes - before <= most, `${bytes - before} in turn ${turn}`);
    }
  }
});

Deno.test("a read brings less while others who send little were noticed", async () => {
  const { flow, makeBrief } = setUp();
  assert.equal(await flow.read({}, ready, room), room.length);
  await makeBrief();
  assert.equal(await flow.read({}, ready, room), turnReadBytesLong);
});

Deno.test("a read that has to wait for its turn begins with that", async () => {
  const { flow, pass } = setUp();
  let begun = 0;
  await flow.read({}, ready, room, () => begun++);
  assert.equal(begun, 1);
  void flow.after({}, bytesBetweenPauses);
  const read = flow.read({}, ready, room, () => begun++);
  await pass();
  assert.equal(begun, 1);
  await pass();
  assert.equal(begun, 2);
  await read;
});

Deno.test("what long messages take of the time counts for their side", async () => {
  for (const ms of [4, 6]) {
    const { turns, flow, pass } = setUp();
    const order: string[] = [];
    turns.spend(5, "short");
    void flow.after({}, ms * turnBytesPerMs)?.then(() => order.push("long"));
    void turns.next({}, "short").then(() => order.push("short"));
    await pass();
    assert.deepEqual(order, [ms > 5 ? "short" : "long"]);
  }
});

Deno.test("a worker's long answers are read in brief steps, too, while others ask", async () => {
  const { turns, makeBrief, pass } = setUp();
  await makeBrief();
  const pause = new Pauses().after(bytesBetweenBriefPauses);
  assert.notEqual(pause, undefined);
  await pause;
  for (let n = 0; n < turnsBrief; n++) {
    void turns.next({});
    await pass();
  }
  assert.equal(new Pauses().after(bytesBetweenBriefPauses), undefined);
});

Deno.test("peers that stop amid a long line keep nobody from sending one", async () => {
  const { flow } = setUp();
  const stopped = { read: () => new Promise<null>(() => {}) };
  for (let i = 0; i < 1_000; i++) void flow.read({}, stopped, room);
  for (let bytes = 0; bytes < bytesBetweenPauses;) {
    const read = await flow.read({}, ready, room);
    assert.equal(read, turnReadBytes);
    bytes += read;
  }
});

Deno.test("steps in many long messages come one at a time, however many connections have one", async () => {
  const { flow, pass } = setUp();
  let steps = 0;
  for (let i = 0; i < 100; i++) {
    const work = flow.stepsOf({});
    void work.after(work.stepBytes)?.then(() => steps++);
  }
  for (let passes = 1; passes <= 100; passes++) {
    await pass();
    assert.equal(steps, passes);
  }
});

Deno.test("what one connection reads and another writes counts together", async () => {
  const { flow, pass } = setUp();
  const [reader, writer] = [flow.stepsOf({}), flow.stepsOf({})];
  assert.equal(reader.after(bytesBetweenPauses / 2), undefined);
  const turn = writer.after(bytesBetweenPauses / 2);
  assert.ok(turn !== undefined);
  await pass();
  await turn;
  assert.equal(reader.after(bytesBetweenPauses / 2), undefined);
});
