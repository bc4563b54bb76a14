import assert from "node:assert/strict";
import { handlesRetryMs } from "../../src/base/limits.ts";
import { callOnce } from "../../src/client/call_once.ts";
import { MemoryTransport } from "../support/memory_transport.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

const target = { host: "127.0.0.1", port: 1 };

function setUp() {
  const transport = new MemoryTransport();
  const server = transport.server(1);
  const clock = new VirtualClock();
  return {
    transport,
    server,
    clock,
    ask: () => callOnce(target, "rpc.ping", 500, { transport, clock }),
  };
}

Deno.test("one server is asked one thing, and nothing is left behind", async () => {
  const { server, clock, ask } = setUp();
  assert.equal(await ask(), "pong");
  assert.deepEqual(server.connections, []);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a server that refuses is Unavailable", async () => {
  const { server, clock, ask } = setUp();
  server.accepts = "refuse";
  await assert.rejects(ask(), {
    name: "Unavailable",
    message: /127\.0\.0\.1:1: connection refused/,
  });
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("where no file handle is left one is waited for, and in the end that is said", async () => {
  const { transport, clock, ask } = setUp();
  transport.handles = 0;
  const asked = ask();
  await settled();
  transport.handles = 1;
  await clock.advanceAsync(handlesRetryMs);
  assert.equal(await asked, "pong");

  transport.handles = 0;
  const failed = assert.rejects(ask(), { name: "Unavailable", message: /Too many open files/ });
  await clock.advanceAsync(600);
  await failed;
  assert.equal(clock.pendingTimers, 0);
});

for (const what of ["connect", "answer"] as const) {
  Deno.test(`a server that does not ${what} is given up after the time`, async () => {
    const { server, clock, ask } = setUp();
    if (what === "connect") server.accepts = "hang";
    else server.answersPings = false;
    const failed = assert.rejects(ask(), { name: "DeadlineExceeded" });
    await settled();
    clock.advance(500);
    await failed;
    assert.deepEqual(server.connections, []);
    assert.equal(clock.pendingTimers, 0);
  });
}

Deno.test("a server that closes without an answer has lost the connection", async () => {
  const { server, ask } = setUp();
  server.answersPings = false;
  const failed = assert.rejects(ask(), { name: "ConnectionLost" });
  await settled();
  server.die();
  await failed;
});
