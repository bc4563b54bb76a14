import assert from "node:assert/strict";
import { streamWindowMax } from "../../../src/base/limits.ts";
import { streamWindowAtFirst, streamWindowBytes } from "../../../src/server/limits.ts";
import { StreamSessionCall } from "../../../src/server/session/stream_session_call.ts";
import { boundOfServer } from "../../../src/wire/message_bound.ts";
import { settled } from "../../support/virtual_clock.ts";

/** A stream, what its client is sent, and what its procedure is granted. */
function setUp(credit: number) {
  const granted: number[] = [];
  const answers: unknown[] = [];
  const items: unknown[] = [];
  let drain = () => {};
  const outlet = {
    isFull: false,
    drains: 0,
    send: (line: string) => void items.push(...JSON.parse(line).params.items),
    drained() {
      outlet.drains++;
      return new Promise<void>((resolve) => drain = resolve);
    },
  };
  const sink = {
    add: (line: unknown) => void answers.push(JSON.parse(String(line)).result),
    addShort: () => false,
    bound: boundOfServer(),
  };
  let cancels = 0;
  const call = new StreamSessionCall(1, sink, 10, credit, outlet);
  call.follow({ answered() {} }, {
    more: (n) => void granted.push(n),
    cancel: () => void cancels++,
  });
  return { call, granted, answers, items, outlet, drain: () => drain(), cancels: () => cancels };
}

Deno.test("a stream whose client reads again after a pause goes on where it stopped", async () => {
  const { call, granted, outlet, drain } = setUp(1_000);
  const { stream } = call;
  assert.equal(stream.credit, streamWindowAtFirst);
  outlet.isFull = true;
  stream.items([1, 2, 3]);
  stream.items([4]);
  call.more(1);
  assert.deepEqual([granted, outlet.drains], [[], 1]);
  outlet.isFull = false;
  drain();
  await settled();
  assert.equal(granted.length, 1);
  outlet.isFull = true;
  stream.items(Array(granted[0]).fill(5));
  assert.deepEqual([granted.length, outlet.drains], [1, 2], "it waits once more");
  await settled();
});

Deno.test("no more is granted than the client has, and at most a window of it at a time", () => {
  const { call, granted } = setUp(100);
  const { stream } = call;
  let outstanding = stream.credit;
  let taken = 0;
  for (let turns = 0; outstanding > 0; turns++) {
    stream.items(["x"]);
    taken++;
    outstanding += granted.splice(0).reduce((sum, n) => sum + n, -1);
    assert.ok(outstanding <= streamWindowMax);
    assert.ok(turns < 200);
  }
  assert.equal(taken, 100);
  call.more(5);
  assert.deepEqual(granted, [5]);
});

Deno.test("of long items few are outstanding", () => {
  const { call, granted } = setUp(1_000);
  call.stream.items([..."1234"].map((item) => item.repeat(streamWindowBytes / 3)));
  assert.deepEqual(granted, [2]);
});

Deno.test("the result of a stream is the number of its items, whatever its procedure returns", () => {
  for (const isRead of [true, false]) {
    const { call, answers, items } = setUp(10);
    call.stream.items(["a", "b"]);
    call.stream.items(["c"]);
    if (isRead) call.succeed("other");
    else call.succeedWithJson('"other"');
    assert.deepEqual([items, answers], [["a", "b", "c"], [3]]);
    call.stream.items(["late"]);
    assert.equal(items.length, 3);
  }
  const plain = setUp(10);
  plain.call.succeedWithJson('"no stream"');
  assert.deepEqual(plain.answers, ["no stream"]);
});

Deno.test("a stream without credit at two looks in a row is cancelled, and no other", () => {
  const { call, cancels } = setUp(streamWindowAtFirst + 1);
  call.cancelIfStarved();
  call.cancelIfStarved();
  call.stream.items([1, 2, 3, 4]);
  call.cancelIfStarved();
  call.cancelIfStarved();
  assert.equal(cancels(), 0, "one is granted");
  call.stream.items([5]);
  call.cancelIfStarved();
  call.more(1);
  call.cancelIfStarved();
  call.stream.items([6]);
  call.cancelIfStarved();
  assert.equal(cancels(), 0);
  call.cancelIfStarved();
  assert.equal(cancels(), 1);
});
