/**
 * Servers that do their worst to their client: `{way, connections, durationMs}`, so many of them.
 * Says `ready` when they listen, and at the end what they have done. It stops by itself.
 */

import { goOn, send, wayOf } from "./program.ts";
import { hostileEndpoints } from "./ways.ts";

const { way: name, connections, durationMs } = JSON.parse(Deno.args[0] ?? "");
const way = wayOf(name);
const unasked = new TextEncoder().encode(way.text());
const done = { connected: 0, read: 0, written: 0 };

for (const endpoint of hostileEndpoints(connections)) void serve(Deno.listen(endpoint));
await goOn(durationMs, done);

async function serve(listener: Deno.TcpListener): Promise<void> {
  for await (const conn of listener) {
    done.connected++;
    const begun = way.then === "never" ? Promise.resolve() : sendForEver(conn, unasked);
    // What fails is a connection that the client has closed.
    void begun.catch(() => {});
    void answer(conn).catch(() => {});
  }
}

/** Answers pings, and a stream with all its items at once, whatever was granted. */
async function answer(conn: Deno.TcpConn): Promise<void> {
  const lines = conn.readable.pipeThrough(new TextDecoderStream());
  let text = "";
  for await (const part of lines) {
    done.read += part.length;
    text += part;
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    if (way.then === "never") continue;
    for (const line of whole) await reply(conn, JSON.parse(line));
  }
}

async function reply(
  conn: Deno.TcpConn,
  { id, method, meta }: { id?: number; method: string; meta?: { stream?: number } },
): Promise<void> {
  if (id === undefined) return;
  if (meta?.stream === undefined) {
    const result = method === "rpc.ping" ? "pong" : null;
    return await send(conn, encoded({ id, result }), done);
  }
  const items = { method: "rpc.item", params: { id, items: Array(100).fill("x".repeat(100)) } };
  await send(conn, encoded({ ...items, params: { id, items: [] } }), done);
  void sendForEver(conn, encoded(items)).catch(() => {});
}

function encoded(message: unknown): Uint8Array {
  return new TextEncoder().encode(
    `${JSON.stringify({ jsonrpc: "2.0", ...Object(message) })}\n`,
  );
}

async function sendForEver(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  while (bytes.length > 0) await send(conn, bytes, done);
}
