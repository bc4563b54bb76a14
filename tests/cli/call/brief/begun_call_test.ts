import assert from "node:assert/strict";
import { messageMaxDefault } from "../../../../src/base/limits.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { BegunCall } from "../../../../src/cli/call/brief/begun_call.ts";
import { connectPlainly, Exchange } from "../../../../src/cli/call/brief/exchange.ts";
import { Client } from "../../../../src/client/client.ts";
import { streamCreditDefault } from "../../../../src/client/call_stream.ts";
import { tcpTransport } from "../../../../src/client/transport.ts";
import type { Instance, InstanceSource } from "../../../../src/discovery/discovery.ts";
import { answer, type Behaviour, Servers } from "./servers_rig.ts";

/** A call that was sent to a server and whose answer was not plainly there. */
async function begun(server: Instance, late?: Promise<undefined>): Promise<BegunCall> {
  return new BegunCall(server, (await sent(server, late)).soFar, 0);
}

async function sent(
  server: Instance,
  late: Promise<undefined> = new Promise(() => {}),
  params = ["x"],
) {
  const exchange = new Exchange(await connectPlainly(server), late);
  assert.ok(await exchange.greet(messageMaxDefault));
  const request = { params, timeoutMs: 10_000, credit: streamCreditDefault };
  assert.equal(await exchange.call({ method: "work", ...request }), undefined);
  return { exchange, soFar: exchange.soFar };
}

/** Has a client go on with it, of a registry with these servers. */
async function finished(call: BegunCall, ...instances: readonly Instance[]) {
  const registry: InstanceSource = {
    url: "test:",
    watch(_service, watcher) {
      // As a directory is read: whole turns of the event loop later.
      void Deno.lstat(".").then(() => Deno.lstat(".")).then(() =>
        watcher.snapshot({ instances, stale: false }, { listed: instances, unlisted: [] })
      );
      return { close() {} };
    },
  };
  await using client = new Client({
    discovery: call.source(registry),
    transport: call.transport(tcpTransport),
    clock: systemClock,
    exactNumbers: true,
  });
  const stream = client.stream("work", ["x"], { timeoutMs: 10_000 });
  const items: unknown[] = [];
  try {
    for await (const item of stream) items.push(item);
  } catch { /* The report has it. */ }
  return { items, report: await stream.report };
}

Deno.test("what is more than an answer is read on by a client, and the call is not sent again", async () => {
  const notice = '{"jsonrpc":"2.0","method":"rpc.changed"}\n';
  const item = (n: number) =>
    `{"jsonrpc":"2.0","method":"rpc.item","params":{"id":3,"items":[${n}]}}\n`;
  const cases: readonly (readonly [answer: string, items: readonly unknown[]])[] = [
    [`${notice}${answer(3, "done")}`, ["done"]],
    [` ${answer(3, "done")}`, ["done"]],
    [answer(3, "x".repeat(100_000)), ["x".repeat(100_000)]],
    [`${item(1)}${item(2)}${answer(3, null)}`, [1, 2]],
  ];
  for (const [text, expected] of cases) {
    using servers = new Servers();
    const server = servers.start({ called: (_call, say) => say(text) });
    const { items } = await finished(await begun(server), server);
    assert.deepEqual(items, expected);
    assert.equal(servers.calls.length, 1);
    assert.equal(servers.connections, 1);
  }
});

Deno.test("an error that came is the client's to tell", async () => {
  using servers = new Servers();
  const server = servers.start({
    called: (_call, say) =>
      say(
        '{"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"oh","data":{"executed":"yes"}}}\n',
      ),
  });
  const { report } = await finished(await begun(server), server);
  assert.equal(report.error?.name, "InternalError");
  assert.equal(report.error?.executed, "yes");
  assert.equal(servers.calls.length, 1);
});

Deno.test("an answer that is late, and comes in two parts around the handing over, is read whole", async () => {
  using servers = new Servers();
  const late = Promise.withResolvers<undefined>();
  const [begin, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = servers.start({
    called: async (_call, say) => {
      const text = answer(3, "done");
      await say(text.slice(0, 20));
      late.resolve(undefined);
      await begin.promise;
      await say(text.slice(20));
      end.resolve();
    },
  });
  const call = await begun(server, late.promise);
  begin.resolve();
  await end.promise;
  const { items } = await finished(call, server);
  assert.deepEqual(items, ["done"]);
  assert.equal(servers.calls.length, 1);
});

Deno.test("a connection that breaks before a client has it ends no process, and is told later", async () => {
  using servers = new Servers();
  const late = Promise.withResolvers<undefined>();
  const server = servers.start({ called: () => late.resolve(undefined) });
  const { exchange, soFar } = await sent(server, late.promise);
  exchange.close();
  // As long as loading the client may take: whole turns of the event loop.
  await Deno.lstat(".");
  await Deno.lstat(".");
  await assert.rejects(Promise.resolve(soFar.next));
});

Deno.test("a call whose server is lost goes to another one only if it may run again", async () => {
  for (const isIdempotent of [true, false]) {
    using servers = new Servers();
    const first = servers.start({ isIdempotent, called: (_call, _say, end) => end() });
    const second = servers.start({
      isIdempotent,
      called: (_call, say) => say(answer(3, "done")),
    });
    const { items, report } = await finished(await begun(first), first, second);
    assert.equal(servers.calls.length, isIdempotent ? 2 : 1);
    assert.deepEqual(items, isIdempotent ? ["done"] : []);
    if (isIdempotent) continue;
    assert.equal(report.error?.name, "ConnectionLost");
    assert.equal(report.error?.executed, "maybe");
  }
});

Deno.test("a call that a server refuses goes to another one of the registry", async () => {
  using servers = new Servers();
  const first = servers.start({
    called: (_call, say) =>
      say(
        '{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no","data":{"executed":"no"}}}\n',
      ),
  });
  const second = servers.start({ called: (_call, say) => say(answer(3, "done")) });
  const { items } = await finished(await begun(first), first, second);
  assert.deepEqual(items, ["done"]);
  assert.equal(servers.calls.length, 2);
});

Deno.test("a server may say that it is idle ahead of the answer to a brief call (P-79)", async () => {
  using servers = new Servers();
  const server = servers.start({
    called: (_call, say) => say('{"jsonrpc":"2.0","method":"rpc.idle"}\n' + answer(3, "done")),
  });
  const exchange = new Exchange(await connectPlainly(server), new Promise(() => {}));
  assert.equal(await exchange.greet(messageMaxDefault), true);
  const request = { method: "work", params: [], timeoutMs: 1_000, credit: 1 };
  assert.deepEqual(await exchange.call(request), { result: "done" });
  exchange.close();
});

/** A greeting that was not answered as a brief call needs it, to be gone on with by a client. */
async function unanswered(server: Instance, late: Promise<undefined> = new Promise(() => {})) {
  const exchange = new Exchange(await connectPlainly(server), late);
  assert.equal(await exchange.greet(messageMaxDefault), false);
  return new BegunCall(server, exchange.soFar, 0);
}

Deno.test("a server that greets late, at length or with more than that is not connected to again", async () => {
  const late = Promise.withResolvers<undefined>();
  const isHandedOn = Promise.withResolvers<void>();
  const cases: readonly (readonly [NonNullable<Behaviour["describe"]>, Promise<undefined>?])[] = [
    [
      async (id, say) => {
        late.resolve(undefined);
        await isHandedOn.promise;
        await say(answer(id, { methods: [] }));
      },
      late.promise,
    ],
    [(id, say) => say(answer(id, { methods: [], description: "x".repeat(100_000) }))],
    [(id, say) => say(answer(id, { methods: [] }) + '{"jsonrpc":"2.0","method":"rpc.changed"}\n')],
  ];
  for (const [describe, late] of cases) {
    using servers = new Servers();
    const server = servers.start({ describe, called: (_call, say) => say(answer(3, "done")) });
    const call = await unanswered(server, late);
    isHandedOn.resolve();
    const { items } = await finished(call, server);
    assert.deepEqual(items, ["done"]);
    assert.deepEqual([servers.connections, servers.calls.length], [1, 1]);
  }
});

Deno.test("a server whose description is no JSON gets no call that would be sent again", async () => {
  using servers = new Servers();
  const first = servers.start({
    describe: (id, say) => say(`{"jsonrpc":"2.0","id":${id},"result":{oh}}\n`),
    called: () => {},
  });
  const second = servers.start({ called: (_call, say) => say(answer(3, "done")) });
  const { items } = await finished(await unanswered(first), first, second);
  assert.deepEqual(items, ["done"]);
  assert.equal(servers.calls.length, 1);
});

Deno.test("a connection that is given up before the call was followed is not made again", async () => {
  using servers = new Servers();
  const late = Promise.withResolvers<undefined>();
  const server = servers.start({ called: () => late.resolve(undefined) });
  const call = await begun(server, late.promise);
  const transport = call.transport(tcpTransport);
  const connect = () => transport.connect(server, new AbortController().signal);
  const listed = Promise.withResolvers<void>();
  call.source({
    url: "test:",
    watch() {
      listed.resolve();
      return { close() {} };
    },
  }).watch("rpc", { snapshot() {}, trouble() {} });
  const stream = await connect();
  const read = stream.read(new Uint8Array(1));
  stream.close();
  await assert.rejects(read, /closed/);
  await listed.promise;
  await assert.rejects(connect(), /it was sent, and may run/);
});

Deno.test("lines are known again however they are cut", async () => {
  using servers = new Servers();
  const late = Promise.withResolvers<undefined>();
  const server = servers.start({ called: () => late.resolve(undefined) });
  const { soFar } = await sent(server, late.promise, ["\u00e9\u4e2d"]);
  const transport = new BegunCall(server, soFar, 0).transport(tcpTransport);
  const stream = await transport.connect(server, new AbortController().signal);
  const bytes = new TextEncoder().encode([...soFar.greeting, soFar.call].join(""));
  for (const byte of bytes) await stream.write(Uint8Array.of(byte));
  stream.close();
});

Deno.test("a connection that cannot be set up is closed", async () => {
  let isClosed = false;
  const connect = Deno.connect;
  const connection = {
    setNoDelay() {
      throw new Error("no delay");
    },
    close: () => isClosed = true,
  };
  Object.assign(Deno, { connect: () => Promise.resolve(connection) });
  try {
    await assert.rejects(connectPlainly({ host: "127.0.0.1", port: 1 }), /no delay/);
  } finally {
    Object.assign(Deno, { connect });
  }
  assert.ok(isClosed);
});
