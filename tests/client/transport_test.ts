import assert from "node:assert/strict";
import { tcpTransport } from "../../src/client/transport.ts";
import { within } from "../support/wait_for.ts";

const never = new AbortController().signal;

/** A TCP server that sends back what it gets, until its one client closes. */
function echoServer() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    const connection = await listener.accept();
    await connection.readable.pipeTo(connection.writable);
  })();
  return {
    target: { host: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port },
    served,
    [Symbol.dispose]: () => listener.close(),
  };
}

Deno.test("bytes go over TCP and come back, and closing ends the stream", async () => {
  using server = echoServer();
  const duplex = await tcpTransport.connect(server.target, never);
  try {
    const sent = new TextEncoder().encode("over the wire\n");
    assert.equal(await duplex.write(sent), sent.length);
    const buffer = new Uint8Array(1_024);
    const read = await within("the echo", duplex.read(buffer));
    assert.deepEqual(buffer.subarray(0, read ?? 0), sent);
  } finally {
    duplex.close();
  }
  await within("the server's end", server.served);
});

Deno.test("a port where nobody listens is refused", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  await assert.rejects(
    within("a refusal", tcpTransport.connect({ host: "127.0.0.1", port }, never)),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("an attempt that was given up makes no connection", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  try {
    const attempt = tcpTransport.connect({ host: "127.0.0.1", port }, AbortSignal.abort());
    await assert.rejects(within("the attempt's end", attempt));
  } finally {
    listener.close();
  }
});
