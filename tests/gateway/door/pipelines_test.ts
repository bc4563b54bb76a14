import assert from "node:assert/strict";
import { connect } from "node:http2";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { HttpListener } from "../../../src/gateway/door/listener.ts";
import { Pipelines } from "../../../src/gateway/door/pipelines.ts";
import { gatewayPipelinedMax, gatewayPipelineRounds } from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** Pipelines, and rounds of the event loop that pass when a test says so. */
function rig() {
  const rounds: (() => void)[] = [];
  const clock = new VirtualClock();
  const pipelines = new Pipelines(clock, (callback) => rounds.push(callback));
  const pass = (count: number) => {
    for (let i = 0; i < count; i++) rounds.splice(0).forEach((round) => round());
  };
  const request = (from: string) => {
    const isTaken = pipelines.begin(from);
    if (isTaken) pipelines.end(from);
    return isTaken;
  };
  return { pipelines, pass, request, rounds, clock };
}

Deno.test("a connection may send a few requests ahead, and one more each time that others had a turn", () => {
  const { pass, request, rounds } = rig();
  for (let i = 0; i < gatewayPipelinedMax; i++) assert.equal(request("a"), true);
  assert.equal(request("a"), false);
  assert.equal(request("b"), true, "another one is not meant");
  pass(gatewayPipelineRounds);
  assert.equal(request("a"), true);
  assert.equal(rounds.length, 0, "who sends one at a time costs no rounds");
});

Deno.test("where rounds take long, a timer tells that others had a turn", () => {
  const { pass, request, clock } = rig();
  for (let look = 0; look < 3; look++) {
    for (let i = 0; i < gatewayPipelinedMax; i++) assert.equal(request("a"), true);
    assert.equal(request("a"), false);
    pass(1);
    clock.advance(2);
  }
  pass(gatewayPipelineRounds);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("requests that are under way at once are those of HTTP/2, and are not counted", () => {
  const { pipelines, pass, request } = rig();
  for (let i = 0; i < 100; i++) assert.equal(pipelines.begin("a"), true);
  pass(gatewayPipelineRounds);
  for (let i = 0; i < 100; i++) pipelines.end("a");
  assert.equal(request("a"), true);
});

Deno.test("connections that come and go are forgotten", () => {
  const { pass, request, rounds } = rig();
  for (let i = 0; i < 10_000; i++) {
    assert.equal(request(`${i}`), true);
    pass(1);
  }
  assert.ok(rounds.length <= 1);
});

Deno.test("the connection ends after a request too many, which is told so, and what was sent behind it is not answered", async () => {
  const warnings: string[] = [];
  const listener = await HttpListener.open({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    clock: systemClock,
    log: { ...silentLogger, warn: (message) => warnings.push(message) },
    answer: () => Promise.resolve(new Response("ok\n")),
  });
  const { hostname, port } = new URL(listener.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    const request = `GET / HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request.repeat(20)));
    const text = await new Response(connection.readable).text().catch(String);
    const statuses = [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => Number(status));
    const taken = statuses.filter((status) => status === 200).length;
    assert.ok(taken >= gatewayPipelinedMax && taken < 20, text);
    assert.equal(statuses.length, taken + 1);
    assert.equal(statuses.at(-1), 429);
    const { code, name, executed, detail } = JSON.parse(/\{.*\}/.exec(text)?.[0] ?? "");
    assert.deepEqual([code, name, executed], [-32002, "Overloaded", "no"]);
    assert.match(detail, /without a wait for their answers/);
    assert.deepEqual(warnings, []);
  } finally {
    await listener.close();
  }
});

Deno.test("many requests of HTTP/2 at once are all answered, however soon", async () => {
  const listener = await HttpListener.open({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    clock: systemClock,
    log: silentLogger,
    answer: () => Promise.resolve(new Response("ok\n")),
  });
  const session = connect(listener.url);
  const statusOf = () =>
    new Promise((resolve) => {
      const stream = session.request({ ":path": "/" });
      stream.on("response", (headers) => resolve(headers[":status"]));
      stream.on("error", resolve);
      stream.resume().end();
    });
  try {
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(Array.from({ length: 64 }, statusOf));
      assert.deepEqual(new Set(statuses), new Set([200]));
    }
  } finally {
    await new Promise<void>((resolve) => session.close(resolve));
    await listener.close();
  }
});
