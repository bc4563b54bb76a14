import assert from "node:assert/strict";
import { Leftovers } from "../../../src/gateway/door/leftovers.ts";
import {
  gatewayLeftoverBytesMax,
  gatewayLeftoverMs,
  gatewayLeftoversMax,
} from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** A body that comes as the test sends it, and whether its request may be answered. */
function refused(leftovers: Leftovers, headers: Record<string, string> = {}) {
  let sender!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (one) => void (sender = one) });
  const refusal = { sender, body, isAnswered: false, answered: Promise.resolve() };
  refusal.answered = leftovers.read({ body, headers: new Headers(headers) })
    .then(() => void (refusal.isAnswered = true));
  return refusal;
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
const piece = new Uint8Array(1024 * 1024);

Deno.test("a body that is refused is read to its end before its sender is answered", async () => {
  const refusal = refused(new Leftovers(new VirtualClock()));
  for (let i = 0; i < 3; i++) refusal.sender.enqueue(piece);
  await turn();
  assert.equal(refusal.isAnswered, false);
  refusal.sender.close();
  await refusal.answered;
});

Deno.test("one that has no end is answered at the bound, and read while the answer goes out", async () => {
  const refusal = refused(new Leftovers(new VirtualClock()));
  const pieces = gatewayLeftoverBytesMax / piece.length;
  for (let i = 1; i < pieces; i++) refusal.sender.enqueue(piece);
  await turn();
  assert.equal(refusal.isAnswered, false);
  refusal.sender.enqueue(piece);
  await refusal.answered;
  for (let i = 0; i < 3 * pieces; i++) refusal.sender.enqueue(piece);
  await turn();
  // Up to twice the bound.
  assert.equal(refusal.sender.desiredSize, 1 - 2 * pieces);
});

Deno.test("who sends slowly, waits to be asked, breaks off, or is one of many, is not waited for", async () => {
  const clock = new VirtualClock();
  const leftovers = new Leftovers(clock);
  await refused(leftovers, { expect: "100-Continue" }).answered;
  const broken = refused(leftovers);
  broken.sender.error(new Error("gone"));
  await broken.answered;
  await leftovers.read({ body: null, headers: new Headers() });
  const slow = Array.from({ length: gatewayLeftoversMax - 1 }, () => refused(leftovers));
  await refused(leftovers).answered;
  await clock.advanceAsync(gatewayLeftoverMs - 1);
  assert.ok(slow.every(({ isAnswered }) => !isAnswered));
  await clock.advanceAsync(1);
  await Promise.all(slow.map(({ answered }) => answered));
  for (const { sender } of slow) sender.close();
  // There is room again.
  await turn();
  const another = refused(leftovers);
  await turn();
  assert.equal(another.isAnswered, false);
  another.sender.close();
  await another.answered;
});
