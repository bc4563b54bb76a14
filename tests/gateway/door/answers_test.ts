import assert from "node:assert/strict";
import { writeStallTimeoutMs } from "../../../src/base/limits.ts";
import { gatewayAnswersBytesMax } from "../../../src/gateway/limits.ts";
import { Answers } from "../../../src/gateway/door/answers.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

const long = "é".repeat(500_000);

Deno.test("a long answer arrives whole in pieces, with its length, and is held only until then", async () => {
  const answers = new Answers(new VirtualClock());
  const response = answers.of(long, { "content-type": "application/json" });
  assert.equal(response.headers.get("content-length"), "1000000");
  assert.equal(answers.unreadBytes, 1_000_000);
  assert.equal(await response.text(), long);
  assert.equal(answers.unreadBytes, 0);
  assert.equal(await answers.of("short", {}).text(), "short");
});

Deno.test("those who do not read long answers keep others out with 503 until they go or time is up", async () => {
  const clock = new VirtualClock();
  const answers = new Answers(clock);
  const unread: Response[] = [];
  while (answers.unreadBytes <= gatewayAnswersBytesMax) {
    answers.checkRoom();
    unread.push(answers.of(long, {}));
  }
  assert.throws(
    () => answers.checkRoom(),
    (error) => error instanceof HttpProblem && error.status === 503,
  );
  const [first, ...others] = unread as [Response, ...Response[]];
  await first.body?.cancel();
  answers.checkRoom();
  const readers = others.map(({ body }) => (body as ReadableStream<Uint8Array>).getReader());
  for (const reader of readers) await reader.read();
  clock.advance(writeStallTimeoutMs);
  for (const reader of readers) await assert.rejects(reader.read(), /Nobody reads/);
  assert.equal(answers.unreadBytes, 0);
  assert.equal(clock.pendingTimers, 0);
});
