import assert from "node:assert/strict";
import { writeStallTimeoutMs } from "../../../src/base/limits.ts";
import { gatewayAnswersBytesMax, gatewayStuckMs } from "../../../src/gateway/limits.ts";
import { Answers } from "../../../src/gateway/door/answers.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const long = "é".repeat(500_000);

/** Who reads. */
const here = { address: "" };
const there = { address: "192.168.0.100" };

Deno.test("a long answer arrives whole in pieces, with its length, and is held only until then", async () => {
  const answers = new Answers(new VirtualClock());
  const response = answers.of(long, { "content-type": "application/json" }, here);
  assert.equal(response.headers.get("content-length"), "1000000");
  assert.equal(answers.unread.total, 1_000_000);
  assert.equal(await response.text(), long);
  assert.equal(answers.unread.total, 0);
  assert.equal(await answers.of("short", {}, here).text(), "short");
});

/** Answers to people of whom none has read all, as many as there is room for. */
function fill(answers: Answers): Response[] {
  const unread: Response[] = [];
  while (answers.unread.total <= gatewayAnswersBytesMax) {
    answers.checkRoom(here);
    unread.push(answers.of(long, {}, here));
  }
  return unread;
}

const readerOf = ({ body }: Response) => (body as ReadableStream<Uint8Array>).getReader();

Deno.test("who reads nothing of a long answer loses it to those who come, and who reads does not", async () => {
  const clock = new VirtualClock();
  const answers = new Answers(clock);
  const [reading, ...silent] = fill(answers).map(readerOf);
  for (let i = 0; i < 4; i++) {
    clock.advance(gatewayStuckMs / 4);
    assert.equal((await reading?.read())?.done, false);
  }
  answers.checkRoom(here);
  assert.equal((await reading?.read())?.done, false);
  await assert.rejects(silent[0]?.read() ?? Promise.resolve(), /Nobody reads/);
  assert.ok(answers.unread.total <= gatewayAnswersBytesMax);
  await Promise.all([reading, ...silent].map((reader) => reader?.cancel().catch(() => {})));
  assert.equal(answers.unread.total, 0);
});

Deno.test("while all read long answers nothing more is taken on, until one goes or time is up", async () => {
  const clock = new VirtualClock();
  const answers = new Answers(clock);
  const [first, ...others] = fill(answers) as [Response, ...Response[]];
  assert.throws(
    () => answers.checkRoom(here),
    (error) => error instanceof HttpProblem && error.status === 503,
  );
  await first.body?.cancel();
  answers.checkRoom(here);
  const readers = others.map(readerOf);
  for (const reader of readers) await reader.read();
  clock.advance(writeStallTimeoutMs);
  for (const reader of readers) await assert.rejects(reader.read(), /Nobody reads/);
  assert.equal(answers.unread.total, 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("who leaves too much unread is refused more, and nobody at another address", async () => {
  const answers = new Answers(new VirtualClock());
  const readers = fill(answers).map(readerOf);
  for (const reader of readers) await reader.read();
  const tooMuch = (error: unknown) => error instanceof HttpProblem && error.status === 503;
  assert.throws(() => answers.checkRoom(here), tooMuch);
  answers.checkRoom(there);
  assert.equal(await answers.of(long, {}, there).text(), long);
  // For them one of those that are read lost its room.
  const ends = await Promise.allSettled(readers.map((reader) => reader.read()));
  assert.equal(ends.filter(({ status }) => status === "rejected").length, 1);
  await Promise.all(readers.map((reader) => reader.cancel().catch(() => {})));
  assert.equal(answers.unread.total, 0);
});
