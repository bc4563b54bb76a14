import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { messageMaxDefault, spareBuffersBytesMax } from "../../src/base/limits.ts";
import { Call } from "../../src/client/call.ts";
import { CallStream } from "../../src/client/call_stream.ts";
import { Connection } from "../../src/client/connection.ts";
import { encodeNotification } from "../../src/wire/codec.ts";
import type { Params } from "../../src/wire/message.ts";
import {
  type Answer,
  keep,
  MemoryTransport,
  type ReceivedCall,
} from "../support/memory_transport.ts";
import { settled, VirtualClock } from "../support/virtual_clock.ts";

const target = { host: "127.0.0.1", port: 1 };

async function setUp(answer?: Answer) {
  const transport = new MemoryTransport();
  const server = transport.server(1);
  if (answer !== undefined) server.answer = answer;
  const duplex = await transport.connect(target, new AbortController().signal);
  const clock = new VirtualClock(1_000);
  const events: string[] = [];
  const owned: string[] = [];
  const ends: { method: string; error: RpcError | undefined; result: unknown }[] = [];
  const connection = new Connection(duplex, "127.0.0.1:1", clock, {
    ended: ({ method }, error) => owned.push(`${method}: ${error?.name ?? "answered"}`),
    changed: () => assert.fail("nothing changed"),
    goaway: () => events.push("goaway"),
    lost: (reason) => events.push(`lost: ${reason}`),
  });
  const send = (method: string, params?: Params) => {
    const call = new Call(method, params, clock.now() + 500);
    connection.send(call, (error, result) => {
      assert.ok(owned.length > ends.length, "the owner is told before the sender");
      events.push(`${method} ended`);
      ends.push({ method, error, result });
    });
    return call;
  };
  const end = connection.close.bind(connection);
  return { server, peer: server.connections[0]!, connection, events, owned, ends, send, end };
}

Deno.test("a call carries its parameters and the time that is left (P-11)", async () => {
  const { server, ends, send, end } = await setUp();
  const call = send("fib", [32]);
  await settled();
  assert.equal(server.calls[0]?.method, "fib");
  assert.deepEqual(server.calls[0]?.params, [32]);
  assert.equal(server.calls[0]?.timeoutMs, 500);
  assert.deepEqual(ends, [{ method: "fib", error: undefined, result: 32 }]);
  assert.equal(call.holder, undefined);
  end();
});

Deno.test("answers find their calls in any order", async () => {
  const { server, connection, ends, send, end } = await setUp(keep);
  for (const method of ["a", "b", "c"]) send(method);
  await settled();
  assert.equal(connection.inFlight, 3);
  for (const call of [...server.calls].reverse()) call.result(`of ${call.method}`);
  await settled();
  assert.deepEqual(ends.map(({ method, result }) => `${method} ${result}`), [
    "c of c",
    "b of b",
    "a of a",
  ]);
  assert.equal(connection.inFlight, 0);
  end();
});

Deno.test("an error arrives as it was sent", async () => {
  const { ends, send, end } = await setUp((call) =>
    call.error(
      new RpcError("InvalidParams", "Cannot call fib", {
        issues: [{ path: [0], message: "n must be <= 78" }],
      }),
    )
  );
  send("fib", [79]);
  await settled();
  assert.equal(ends[0]?.error?.name, "InvalidParams");
  assert.equal(ends[0]?.error?.executed, "no");
  assert.deepEqual(ends[0]?.error?.issues, [{ path: [0], message: "n must be <= 78" }]);
  end();
});

Deno.test("the owner hears of each call's end, however it ends, but of no cancelled one", async () => {
  const { server, connection, owned, send, end } = await setUp(keep);
  const methods = ["answered", "failed", "cancelled", "closed"];
  const calls = methods.map((method) => send(method));
  send("unsendable", [1n]);
  await settled();
  server.calls[0]?.result(1);
  server.calls[1]?.error(new RpcError("Overloaded", "no"));
  await settled();
  calls[2]?.leave();
  end();
  send("late");
  assert.equal(connection.inFlight, 0);
  assert.deepEqual(owned, [
    "unsendable: InvalidParams",
    "answered: answered",
    "failed: Overloaded",
    "closed: Cancelled",
    "late: ConnectionLost",
  ]);
});

Deno.test("a cancelled call is cancelled at the server, once, and its answer ignored (P-18, P-31)", async () => {
  const { server, peer, connection, events, ends, send, end } = await setUp(keep);
  const call = send("fib", [40]);
  await settled();
  connection.cancel(call);
  connection.cancel(call);
  await settled();
  assert.deepEqual(server.cancelled, [1]);
  assert.equal(connection.inFlight, 0);
  peer.send(encodeNotification("rpc.idle"));
  server.calls[0]?.result(1);
  await settled();
  assert.ok(!connection.saidIdle, "it was said ahead of that answer, and of no later one");
  assert.deepEqual(ends, []);
  assert.deepEqual(events, []);
  end();
});

Deno.test("parameters that are not JSON fail their own call and no other", async () => {
  const { connection, events, ends, send, end } = await setUp();
  send("fib", [1n]);
  send("ping", ["x".repeat(messageMaxDefault)]);
  send("ping", [1]);
  await settled();
  assert.deepEqual(ends.map(({ error }) => error?.name), [
    "InvalidParams",
    "InvalidParams",
    undefined,
  ]);
  assert.ok(!events.some((event) => event.startsWith("lost")));
  assert.equal(connection.inFlight, 0);
  end();
});

for (
  const [what, breakIt, reason] of [
    ["closed by the server", (peer) => peer.close(), /the server closed it/],
    ["reset", (peer) => peer.reset(), /reset by peer/],
    [
      "an HTTP server's",
      (peer) => peer.send("HTTP/1.1 400 Bad Request\r\n\r\n"),
      /speaks HTTP, which is not JSON: a gateway or another program has the port/,
    ],
    [
      "an SSH server's",
      (peer) => peer.send("SSH-2.0-OpenSSH_9.6\r\n"),
      /speaks SSH.*another program/,
    ],
    ["a mail server's", (peer) => peer.send("220 a ESMTP\r\n"), /speaks another protocol/],
    ["sent JSON that is no answer", (peer) => peer.send('{"id":1}\n'), /JSON-RPC/],
    [
      "sent an endless line",
      (peer) => peer.send("x".repeat(messageMaxDefault + 1)),
      /message of more/,
    ],
    ["sent half an answer, and then others", (peer, call) => {
      peer.bytesToLose = 5;
      call.result(1);
    }, /not JSON/],
  ] satisfies [string, (peer: ReceivedCall["connection"], call: ReceivedCall) => void, RegExp][]
) {
  Deno.test(`on a connection that is ${what} all calls fail as ConnectionLost (P-51)`, async () => {
    const { server, peer, connection, events, ends, send } = await setUp(keep);
    const calls = ["a", "b"].map((method) => send(method));
    await settled();
    breakIt(peer, server.calls[0]!);
    await settled();
    assert.deepEqual(ends.map(({ error }) => error?.name), ["ConnectionLost", "ConnectionLost"]);
    assert.equal(ends[0]?.error?.executed, "maybe");
    assert.match(ends[0]?.error?.message ?? "", reason);
    // The owner hears of it first, so that what is sent again is not sent here.
    assert.match(events[0] ?? "", reason);
    assert.deepEqual(events.slice(1), ["a ended", "b ended"]);
    assert.equal(connection.inFlight, 0);
    assert.ok(calls.every(({ holder }) => holder === undefined));
    assert.deepEqual(server.connections, []);
  });
}

Deno.test("a call on a connection that is gone fails without having run", async () => {
  const { peer, ends, send } = await setUp();
  peer.close();
  await settled();
  send("ping");
  assert.equal(ends[0]?.error?.name, "ConnectionLost");
  assert.equal(ends[0]?.error?.executed, "no");
});

Deno.test("closing fails calls as Cancelled, and is nobody's fault", async () => {
  const { server, connection, events, ends, send, end } = await setUp(keep);
  send("fib");
  await settled();
  end();
  end();
  await settled();
  assert.equal(ends[0]?.error?.name, "Cancelled");
  assert.deepEqual(events, ["fib ended"]);
  assert.equal(connection.inFlight, 0);
  assert.deepEqual(server.connections, []);
});

Deno.test("a goaway is passed on, and calls under way are answered all the same (P-49)", async () => {
  const { server, peer, connection, events, ends, send, end } = await setUp(keep);
  send("fib");
  await settled();
  assert.ok(!connection.wentAway);
  peer.goaway();
  await settled();
  assert.ok(connection.wentAway);
  server.calls[0]?.result(1);
  await settled();
  assert.deepEqual(events, ["goaway", "fib ended"]);
  assert.equal(ends[0]?.result, 1);
  end();
});

Deno.test("notifications of a newer protocol are ignored", async () => {
  const { peer, events, ends, send, end } = await setUp();
  peer.send('{"jsonrpc":"2.0","method":"rpc.news","params":[1]}\n');
  send("ping", [1]);
  await settled();
  assert.deepEqual(events, ["ping ended"]);
  assert.equal(ends[0]?.result, 1);
  end();
});

Deno.test("an answer without a number for its id belongs to nobody", async () => {
  const { peer, events, send, end } = await setUp(keep);
  send("ping");
  await settled();
  peer.send('{"jsonrpc":"2.0","id":null,"result":1}\n{"jsonrpc":"2.0","id":"1","result":1}\n');
  await settled();
  assert.deepEqual(events, []);
  end();
});

Deno.test("a ping is answered by an error too, but not by the connection's end", async () => {
  const { server, connection, end } = await setUp();
  let answers = 0;
  connection.ping(() => answers++);
  await settled();
  assert.equal(answers, 1);
  server.answersPings = false;
  connection.ping(() => answers++);
  await settled();
  end();
  await settled();
  connection.ping(() => answers++);
  assert.equal(answers, 1);
});

Deno.test("a server that sends more items than it was granted is left (P-57)", async () => {
  const { peer, connection, events, end } = await setUp(keep);
  const stream = new CallStream(2, () => {});
  const call = new Call("count", [5], 5_000);
  call.stream = stream;
  const errors: (RpcError | undefined)[] = [];
  connection.send(call, (error) => errors.push(error));
  await settled();
  const items = (n: number) =>
    peer.send(encodeNotification("rpc.item", { id: call.id, items: Array(n).fill(1) }));
  items(2);
  await settled();
  assert.equal(stream.received, 2);
  assert.equal((await stream.next()).value, 1);
  items(1);
  await settled();
  assert.equal(errors.length, 0);
  for (let i = 0; i < 2; i++) items(1);
  await settled();
  assert.deepEqual([errors[0]?.name, errors[0]?.executed], ["ConnectionLost", "maybe"]);
  assert.match(events[0] ?? "", /^lost: it sent more items/);
  end();
});

Deno.test("items count with their bytes, however long their message is", async () => {
  const item = "a".repeat(spareBuffersBytesMax);
  const params = `{"id":1,"items":["${item}"]}`;
  const text = `{"jsonrpc":"2.0","method":"rpc.item","params":${params}}\n`;
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const connection = new Connection(
    {
      read: async (buffer) => {
        // What treats long texts is loaded by then.
        if (bytes.length - at <= buffer.length) {
          await import("../../src/wire/unread/texts.ts");
          await settled();
        }
        const part = bytes.subarray(at, at + buffer.length);
        if (part.length === 0) return new Promise(() => {});
        buffer.set(part);
        at += part.length;
        return part.length;
      },
      write: ({ length }) => Promise.resolve(length),
      close: () => {},
    },
    "127.0.0.1:1",
    new VirtualClock(),
    { ended() {}, goaway() {}, changed() {}, lost: (reason) => assert.fail(reason) },
    { messageMax: 2 * spareBuffersBytesMax },
  );
  const counted = Promise.withResolvers<number>();
  const call = new Call("log", undefined, 500);
  call.stream = { credit: 1, received: 0, grant: undefined, items: (_, n) => counted.resolve(n) };
  connection.send(call, () => {});
  assert.ok(await counted.promise >= item.length);
  connection.close();
});
