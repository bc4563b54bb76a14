import assert from "node:assert/strict";
import { connect } from "node:http2";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { HttpListener } from "../../../src/gateway/door/listener.ts";
import { Pipelines } from "../../../src/gateway/door/pipelines.ts";
import {
  gatewayAheadMax,
  gatewayHostlessAheadMax,
  gatewayPipelinedMax,
} from "../../../src/gateway/limits.ts";
import { lingers, receive, untilOneLingers, writeText } from "../../support/raw_peer.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** Pipelines, and rounds of the event loop that pass when a test says so. */
function rig({ hasHost = true } = {}) {
  const rounds: (() => void)[] = [];
  const pipelines = new Pipelines((callback) => rounds.push(callback));
  const pass = (count: number) => {
    for (let i = 0; i < count; i++) rounds.splice(0).forEach((round) => round());
  };
  const begin = (from: string) => pipelines.begin(from, hasHost);
  const request = (from: string, mustWait = false) => {
    const decision = begin(from);
    if (decision !== "refuse") pipelines.end(from, mustWait);
    return decision;
  };
  return { pipelines, pass, begin, request, rounds };
}

Deno.test("a connection may send a few requests ahead, and one more is refused", () => {
  const { pass, request, rounds } = rig();
  for (let i = 0; i < gatewayPipelinedMax; i++) assert.equal(request("a"), "take");
  assert.equal(request("a"), "refuse");
  assert.equal(request("b"), "take", "another one is not meant");
  pass(2);
  assert.equal(request("a"), "take", "its number may be another connection's by then");
  pass(2);
  assert.equal(rounds.length, 0);
});

Deno.test("who seems to send ahead of slow answers is told once, and what comes right behind is refused", () => {
  const { pass, request } = rig();
  for (let i = 0; i < gatewayAheadMax; i++, pass(1)) assert.equal(request("a"), "take");
  assert.equal(request("a"), "last");
  pass(1);
  assert.equal(request("a"), "refuse");
});

Deno.test("who waits for answers is never told, nor refused what it sends after it was", () => {
  const { pass, request } = rig();
  for (let i = 0; i < 100; i++, pass(2)) assert.equal(request("a"), "take");
  for (let i = 0; i < gatewayAheadMax; i++, pass(1)) request("a");
  assert.equal(request("a"), "last");
  pass(2);
  assert.equal(request("a"), "take");
});

Deno.test("who is told to wait and has sent the next request by then is refused", () => {
  const { pass, request } = rig();
  assert.equal(request("a", true), "take");
  pass(1);
  assert.equal(request("a"), "refuse");
  assert.equal(request("b", true), "take");
  pass(2);
  assert.equal(request("b"), "take", "it has read the answer");
  const hostless = rig({ hasHost: false });
  assert.equal(hostless.request("a", true), "take");
  assert.equal(hostless.request("a"), "take", "it may be one of HTTP/2");
});

Deno.test("without a host it cannot be told, so it waits whether others were sent with it, as over HTTP/2", () => {
  const { pass, begin, request, pipelines } = rig({ hasHost: false });
  const ahead = () => {
    for (let i = 0; i < gatewayHostlessAheadMax; i++) assert.equal(request("a"), "take");
    assert.equal(begin("a"), "wait");
  };
  ahead();
  assert.equal(request("a"), "take");
  pipelines.end("a", false);
  assert.equal(request("a"), "take");
  pass(2);
  ahead();
  pipelines.end("a", false);
  pass(1);
  assert.equal(begin("a"), "refuse");
});

Deno.test("requests that are under way at once are those of HTTP/2, and are not counted", () => {
  const { pipelines, request, begin } = rig();
  for (let i = 0; i < 100; i++) assert.equal(begin("a"), "take");
  for (let i = 0; i < 100; i++) pipelines.end("a", false);
  for (let i = 0; i < 100; i++) assert.equal(request("a"), "take");
});

/** Sends so many requests at once. Returns the answers and their statuses. */
async function pipelined(url: string, request: string, count: number) {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode(request.repeat(count)));
  const text = await new Response(connection.readable).text().catch(String);
  const statuses = [...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => Number(status));
  return { text, statuses };
}

/** A listener, whose answers are made at once by default. */
function listenerWith(
  options: Partial<Parameters<typeof HttpListener.open>[0]> = {},
): Promise<HttpListener> {
  return HttpListener.open({
    host: "127.0.0.1",
    port: 0,
    messageBytesMax: 1_000,
    tls: undefined,
    clock: systemClock,
    log: silentLogger,
    answer: () => Promise.resolve(new Response("ok\n")),
    ...options,
  });
}

/** An answer that needs something to happen first, as those of calls do. */
async function slowAnswer(request: Request): Promise<Response> {
  await request.text();
  await new Promise((resolve) => setTimeout(resolve, 0));
  return new Response("ok\n");
}

for (const hasHost of [true, false]) {
  const which = hasHost ? "are slow" : "are slow, without a host";
  Deno.test(`calls that are sent ahead of answers that ${which} end the connection`, async () => {
    const listener = await listenerWith({ answer: slowAnswer });
    try {
      const host = hasHost ? "Host: 127.0.0.1\r\n" : "";
      const call = `POST / HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\n[1]`;
      const { text, statuses } = await pipelined(listener.url, call, 200);
      const max = hasHost ? gatewayAheadMax : gatewayHostlessAheadMax;
      assert.ok(statuses.length > max && statuses.length < 200, text);
      assert.equal(statuses.at(-1), 429);
      assert.deepEqual(new Set(statuses.slice(0, -1)), new Set([200]));
      assert.equal(text.match(/^connection: close/gim)?.length ?? 0, hasHost ? 1 : 0);
    } finally {
      await listener.close();
    }
  });
}

Deno.test("what is sent ahead of an answer that tells to wait ends the connection sooner", async () => {
  await Promise.all([429, 503].map(async (status) => {
    const answer = async (request: Request) => {
      await slowAnswer(request);
      return new Response("later\n", { status });
    };
    const listener = await listenerWith({ answer });
    try {
      const call = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n[1]";
      const { statuses } = await pipelined(listener.url, call, 200);
      assert.equal(statuses[0], status);
      assert.equal(statuses.at(-1), 429);
      assert.ok(statuses.length <= gatewayAheadMax, String(statuses));
    } finally {
      await listener.close();
    }
  }));
});

Deno.test("the connection ends after a request too many, which is told so, and what was sent behind it is not answered", async () => {
  const warnings: string[] = [];
  const listener = await listenerWith({
    log: { ...silentLogger, warn: (message) => warnings.push(message) },
  });
  try {
    const request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const { text, statuses } = await pipelined(listener.url, request, 20);
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

Deno.test({
  ...skippedIf(notLinux, "who sends a request too many is told so, and let go a second later"),
  fn: () =>
    untilOneLingers(async () => {
      const clock = new VirtualClock();
      const listener = await listenerWith({ clock });
      try {
        const { hostname, port } = new URL(listener.url);
        using peer = await Deno.connect({ hostname, port: Number(port) });
        void writeText(peer, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(200));
        const read = receive(peer);
        const isTold = () => read.text.includes("without a wait for their answers");
        return await lingers(read, isTold, { url: listener.url, clock });
      } finally {
        await listener.close();
      }
    }),
});

Deno.test("answers that are made at once end the connection without a host, too", async () => {
  const listener = await listenerWith();
  try {
    // The last one says where it ends if none was refused.
    const request = "GET / HTTP/1.1\r\n\r\n".repeat(300);
    const last = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    const { statuses } = await pipelined(listener.url, request + last, 1);
    assert.equal(statuses.at(-1), 429);
    assert.ok(statuses.length > gatewayHostlessAheadMax && statuses.length < 300);
  } finally {
    await listener.close();
  }
});

Deno.test("many requests of HTTP/2 at once are all answered, however soon", async () => {
  const listener = await listenerWith();
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
