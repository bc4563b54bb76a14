import assert from "node:assert/strict";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import type { LongLine } from "../../src/wire/message.ts";
import { Outbox } from "../../src/wire/outbox.ts";
import { settled } from "../support/virtual_clock.ts";

function lineOf(name: string, length = 10): LongLine<LentBytes> {
  const body = new LentBytes(new Uint8Array(length).fill(name.charCodeAt(0)));
  return { head: "<", body, tail: ">\n", length: length + 3 };
}

/** An outbox that notes what it writes, and whose long lines are placed when the test says so. */
function setUp() {
  const written: string[] = [];
  const placing: { line: LongLine; done(placed: string | LongLine): void }[] = [];
  const write = (bytes: Uint8Array) => {
    written.push(new TextDecoder().decode(bytes));
    return Promise.resolve(bytes.length);
  };
  const outbox = new Outbox({ write }, assert.ifError, {
    place: (line) => new Promise((resolve) => placing.push({ line, done: resolve })),
  });
  return { outbox, written, placing };
}

Deno.test("what comes after a long line waits until the line is placed, and long lines one for another", async () => {
  const { outbox, written, placing } = setUp();
  outbox.push("before\n");
  for (const name of ["a", "b"]) {
    outbox.push(lineOf(name));
    outbox.push(`after ${name}\n`);
  }
  await settled();
  assert.equal(placing.length, 1);
  assert.deepEqual(written, []);
  placing[0]?.done("[a]\n");
  await settled();
  assert.equal(written.join(""), "before\n[a]\nafter a\n");
  placing[1]?.done("[b]\n");
  await outbox.drained();
  assert.equal(written.join(""), "before\n[a]\nafter a\n[b]\nafter b\n");
  assert.deepEqual([outbox.pendingBytes, outbox.heldBytes], [0, 0]);
});

Deno.test("a long line for which there is no other place is written as it is", async () => {
  const { outbox, written, placing } = setUp();
  const line = lineOf("a", 300_000);
  outbox.push(line);
  outbox.push("after\n");
  assert.equal(outbox.pendingBytes, line.length + 6);
  await settled();
  placing[0]?.done(line);
  await outbox.drained();
  assert.equal(written.join(""), `<${"a".repeat(300_000)}>\nafter\n`);
  assert.ok(line.body.isGone);
  assert.deepEqual([outbox.pendingBytes, outbox.heldBytes], [0, 0]);
});

Deno.test("a line that was being placed when all was dropped is let go of once, and not written", async () => {
  const { outbox, written, placing } = setUp();
  const [line, next] = [lineOf("a"), lineOf("b")];
  line.body.hold();
  outbox.push(line);
  outbox.push(next);
  await settled();
  outbox.close();
  assert.ok(next.body.isGone);
  placing[0]?.done(line);
  await settled();
  assert.ok(!line.body.isGone);
  line.body.letGo();
  assert.ok(line.body.isGone);
  assert.deepEqual([written, placing.length], [[], 1]);
});
