import assert from "node:assert/strict";
import { messageMaxDefault } from "../../../src/base/limits.ts";
import { wheelLingerMs, wheelTickMs } from "../../../src/base/deadline_wheel.ts";
import {
  gatewayBodiesBytesMax,
  gatewayBodyTimeoutMs,
  gatewayShortBodyBytes,
} from "../../../src/gateway/limits.ts";
import { BodyReader } from "../../../src/gateway/door/body.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

type Sender = ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;

/** A request whose body is sent by hand. */
function slowRequest(): { request: Request; sender: Sender; isCancelled: () => boolean } {
  let sender: Sender | undefined;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => void (sender = controller),
    cancel: () => void (isCancelled = true),
  });
  const request = new Request("http://127.0.0.1/", { method: "POST", body });
  return { request, sender: sender as Sender, isCancelled: () => isCancelled };
}

const isProblem = (status: number) => (error: unknown) =>
  error instanceof HttpProblem && error.status === status &&
  (status === 400 || error.headers["connection"] === "close");

Deno.test("a body that does not come in time is 408, and nobody goes on reading it", async () => {
  const clock = new VirtualClock();
  const { request, sender, isCancelled } = slowRequest();
  const read = new BodyReader(clock).read(request);
  const failed = assert.rejects(read, isProblem(408));
  // A byte now and then is no more than none at all.
  for (let i = 0; i < 10; i++) {
    sender.enqueue(Uint8Array.of(32));
    await clock.advanceAsync(gatewayBodyTimeoutMs / 10);
  }
  await failed;
  assert.ok(isCancelled());
  await clock.advanceAsync(wheelLingerMs);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a short body that does not come in time is 408 too, and its room comes back", async () => {
  const clock = new VirtualClock();
  const bodies = new BodyReader(clock);
  const headers = { "content-length": String(gatewayShortBodyBytes) };
  const slow = Array.from({ length: gatewayBodiesBytesMax / gatewayShortBodyBytes }, () => {
    const { request } = slowRequest();
    return assert.rejects(bodies.read(new Request(request, { headers })), isProblem(408));
  });
  const oneMore = () => new Request("http://127.0.0.1/", { method: "POST", body: "[1]", headers });
  await assert.rejects(bodies.read(oneMore()), isProblem(503));
  await clock.advanceAsync(gatewayBodyTimeoutMs + wheelTickMs);
  await Promise.all(slow);
  assert.equal(await bodies.read(oneMore()), "[1]");
});

Deno.test("a body without a length is 413 as soon as it is too long", async () => {
  const { request, sender, isCancelled } = slowRequest();
  const failed = assert.rejects(new BodyReader(new VirtualClock()).read(request), isProblem(413));
  sender.enqueue(new Uint8Array(messageMaxDefault));
  sender.enqueue(new Uint8Array(1));
  await failed;
  // Left for whoever answers, who may have to read the rest.
  assert.deepEqual([isCancelled(), request.body?.locked], [false, false]);
});

Deno.test("a body that says it is too long is 413 before it is read", async () => {
  const { request } = slowRequest();
  const headers = { "content-length": String(messageMaxDefault + 1) };
  const long = new Request(request, { headers });
  await assert.rejects(new BodyReader(new VirtualClock()).read(long), isProblem(413));
});

Deno.test("bodies that are no UTF-8, or break off, are 400", async () => {
  const bodies = new BodyReader(new VirtualClock());
  const body = Uint8Array.of(0x22, 0xff, 0x22);
  const request = new Request("http://127.0.0.1/", { method: "POST", body });
  await assert.rejects(bodies.read(request), isProblem(400));
  const { request: broken, sender } = slowRequest();
  const failed = assert.rejects(bodies.read(broken), isProblem(400));
  sender.error(new Error("gone"));
  await failed;
});

Deno.test("bodies that are held at once are bounded: one too many is 503, and room comes back", async () => {
  const bodies = new BodyReader(new VirtualClock());
  const slow = Array.from(
    { length: gatewayBodiesBytesMax / messageMaxDefault },
    () => slowRequest(),
  );
  const texts = slow.map(({ request }) => bodies.read(request));
  const piece = new Uint8Array(messageMaxDefault).fill(32);
  for (const { sender } of slow) sender.enqueue(piece);
  await waitFor(
    "the bodies to be held",
    () => slow.every(({ sender }) => sender.desiredSize === 1),
  );
  const oneMore = () =>
    bodies.read(new Request("http://127.0.0.1/", { method: "POST", body: "[1]" }));
  await assert.rejects(oneMore(), isProblem(503));
  for (const { sender } of slow) sender.close();
  for (const text of texts) assert.equal((await text).length, messageMaxDefault);
  assert.equal(await oneMore(), "[1]");
});
