import assert from "node:assert/strict";
import { messageMaxDefault } from "../../../src/base/limits.ts";
import { wheelLingerMs, wheelTickMs } from "../../../src/base/deadline_wheel.ts";
import {
  gatewayBodiesBytesMax,
  gatewayBodyTimeoutMs,
  gatewayShortBodyBytes,
  gatewayStuckMs,
} from "../../../src/gateway/limits.ts";
import { BodyReader } from "../../../src/gateway/door/body.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

/** Whose bodies they are. */
const here = { address: "", connection: undefined };
const there = { ...here, address: "192.168.0.100" };

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
  const read = new BodyReader(clock).read(request, here);
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

Deno.test("a short body that does not come in time is 408 too", async () => {
  const clock = new VirtualClock();
  const headers = { "content-length": String(gatewayShortBodyBytes) };
  const { request } = slowRequest();
  const slow = new BodyReader(clock).read(new Request(request, { headers }), here);
  const failed = assert.rejects(slow, isProblem(408));
  await clock.advanceAsync(gatewayBodyTimeoutMs + wheelTickMs);
  await failed;
});

Deno.test("a body without a length is 413 as soon as it is too long", async () => {
  const { request, sender, isCancelled } = slowRequest();
  const failed = assert.rejects(
    new BodyReader(new VirtualClock()).read(request, here),
    isProblem(413),
  );
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
  await assert.rejects(new BodyReader(new VirtualClock()).read(long, here), isProblem(413));
});

Deno.test("bodies that are no UTF-8, or break off, are 400", async () => {
  const bodies = new BodyReader(new VirtualClock());
  const body = Uint8Array.of(0x22, 0xff, 0x22);
  const request = new Request("http://127.0.0.1/", { method: "POST", body });
  await assert.rejects(bodies.read(request, here), isProblem(400));
  const headers = { "content-length": "3" };
  const short = new Request("http://127.0.0.1/", { method: "POST", body, headers });
  await assert.rejects(bodies.read(short, here), isProblem(400));
  const { request: broken, sender } = slowRequest();
  const failed = assert.rejects(bodies.read(broken, here), isProblem(400));
  sender.error(new Error("gone"));
  await failed;
});

/** Bodies of which all but the end has come, as many as there is room for. */
async function fill(bodies: BodyReader) {
  const slow = Array.from(
    { length: gatewayBodiesBytesMax / messageMaxDefault },
    () => slowRequest(),
  );
  const texts = slow.map(({ request }) => bodies.read(request, here));
  const piece = new Uint8Array(messageMaxDefault - 2 * goingOnBytes).fill(32);
  for (const { sender } of slow) sender.enqueue(piece);
  await waitFor(
    "the bodies to be held",
    () => slow.every(({ sender }) => sender.desiredSize === 1),
  );
  return { slow, texts };
}

/** So much more is a piece, and less is as good as nothing. */
const goingOnBytes = 64 * 1024;

const long = () =>
  new Request("http://127.0.0.1/", { method: "POST", body: " ".repeat(messageMaxDefault) });

Deno.test("long bodies that are held at once are bounded: one too many is 503, and short ones and room come", async () => {
  const bodies = new BodyReader(new VirtualClock());
  const { slow, texts } = await fill(bodies);
  await assert.rejects(bodies.read(long(), here), isProblem(503));
  const headers = { "content-length": "3" };
  const short = new Request("http://127.0.0.1/", { method: "POST", body: "[1]", headers });
  assert.equal(await bodies.read(short, here), "[1]");
  for (const { sender } of slow) sender.close();
  for (const text of texts) assert.equal((await text).length, messageMaxDefault - 2 * goingOnBytes);
  assert.equal((await bodies.read(long(), here)).length, messageMaxDefault);
});

Deno.test("where one address fills the room with long bodies that go on, it loses one to another", async () => {
  const bodies = new BodyReader(new VirtualClock());
  const { slow, texts } = await fill(bodies);
  const all = Promise.allSettled(texts);
  assert.equal((await bodies.read(long(), there)).length, messageMaxDefault);
  for (const { sender } of slow) {
    try {
      sender.close();
    } catch {
      // Its body was given up.
    }
  }
  const ends = await all;
  assert.equal(ends.filter(({ status }) => status === "rejected").length, 1);
});

Deno.test("long bodies that do not go on lose their room to those that come, and those that do keep it", async () => {
  const clock = new VirtualClock();
  const bodies = new BodyReader(clock);
  const { slow, texts } = await fill(bodies);
  const [going, trickling] = slow;
  for (const bytes of [goingOnBytes, 1]) {
    // A byte now and then is none.
    const sender = bytes === 1 ? trickling?.sender : going?.sender;
    sender?.enqueue(new Uint8Array(bytes).fill(32));
  }
  await waitFor("them", () => [going, trickling].every((one) => one?.sender.desiredSize === 1));
  clock.advance(gatewayStuckMs / 2);
  const stood = Promise.allSettled(texts.slice(1));
  going?.sender.enqueue(new Uint8Array(goingOnBytes).fill(32));
  await waitFor("it to go on", () => going?.sender.desiredSize === 1);
  clock.advance(gatewayStuckMs / 2);
  assert.equal((await bodies.read(long(), here)).length, messageMaxDefault);
  for (const { sender } of slow) {
    try {
      sender.close();
    } catch {
      // It was given up.
    }
  }
  assert.equal((await texts[0])?.length, messageMaxDefault);
  const refused = (await stood).filter(({ status }) => status === "rejected");
  assert.ok(refused.length > 0);
  for (const one of refused) assert.ok(isProblem(408)((one as PromiseRejectedResult).reason));
});

Deno.test("where there are too many requests, the one whose body was waited for longest is given up", async () => {
  const clock = new VirtualClock();
  const bodies = new BodyReader(clock);
  const headers = { "content-length": "3" };
  const first = bodies.read(new Request(slowRequest().request, { headers }), here);
  const failed = assert.rejects(first, isProblem(408));
  assert.equal(bodies.makeRoom(), false);
  clock.advance(gatewayStuckMs);
  const { request, sender } = slowRequest();
  const second = bodies.read(new Request(request, { headers }), here);
  assert.deepEqual([bodies.makeRoom(), bodies.makeRoom()], [true, false]);
  await failed;
  sender.enqueue(new TextEncoder().encode("[1]"));
  sender.close();
  assert.equal(await second, "[1]");
  clock.advance(gatewayStuckMs);
  assert.equal(bodies.makeRoom(), false, "nobody waits any more");
});

Deno.test("a request without a body has an empty one", async () => {
  const request = new Request("http://127.0.0.1/", { method: "POST" });
  assert.equal(await new BodyReader(new VirtualClock()).read(request, here), "");
});

Deno.test("a connection is told of each whole body, and of no other", async () => {
  const bodies = new BodyReader(new VirtualClock());
  let told = 0;
  const connection = { message: () => void told++ } as NonNullable<
    Parameters<BodyReader["read"]>[1]["connection"]
  >;
  const { request, sender } = slowRequest();
  const read = bodies.read(request, { ...here, connection });
  sender.enqueue(new TextEncoder().encode("[1]"));
  await waitFor("it to be read", () => sender.desiredSize === 1);
  assert.equal(told, 0);
  sender.close();
  await read;
  assert.equal(told, 1);
  const { request: broken, sender: breaking } = slowRequest();
  breaking.error(new Error("gone"));
  await assert.rejects(bodies.read(broken, { ...here, connection }), isProblem(400));
  assert.equal(told, 1);
});

Deno.test("where there are too many requests, a body that goes on keeps its room", async () => {
  const clock = new VirtualClock();
  const bodies = new BodyReader(clock);
  const { request, sender } = slowRequest();
  const going = bodies.read(request, here);
  clock.advance(gatewayStuckMs / 2);
  const failed = assert.rejects(bodies.read(slowRequest().request, here), isProblem(408));
  clock.advance(gatewayStuckMs / 2);
  sender.enqueue(new Uint8Array(goingOnBytes).fill(32));
  await waitFor("it to go on", () => sender.desiredSize === 1);
  assert.equal(bodies.makeRoom(), false);
  clock.advance(gatewayStuckMs / 2);
  assert.deepEqual([bodies.makeRoom(), bodies.makeRoom()], [true, false]);
  await failed;
  sender.close();
  assert.equal((await going).length, goingOnBytes);
});
