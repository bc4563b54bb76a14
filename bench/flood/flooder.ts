/**
 * One caller that does its worst: `{way, port, connections, durationMs}`. Says `ready` when it has
 * begun, and at the end what it has done. It stops by itself.
 */

import { goOn, send, wayOf } from "./program.ts";

const { way: name, port, connections, durationMs } = JSON.parse(Deno.args[0] ?? "");
const way = wayOf(name);
const { then = "read" } = way;
const bytes = way.to === "keys" && name.includes("begun")
  ? await clientHello()
  // One byte a character: what is no UTF-8 has to stay what it is.
  : Uint8Array.from(way.text(), (character) => character.charCodeAt(0));
const done = { connected: 0, refused: 0, written: 0, read: 0 };
const open = new Set<Deno.TcpConn>();

/** A peer that is refused does not come again at once for ever: it would take all ports. */
const connectsMax = 20_000;

for (let i = 0; i < connections; i++) void lane();
await goOn(durationMs, done);

async function lane(): Promise<void> {
  while (done.connected < connectsMax) {
    try {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(conn);
      done.connected++;
      try {
        await flood(conn);
      } finally {
        open.delete(conn);
        conn.close();
      }
    } catch {
      done.refused++;
      // It was refused or cut off.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function flood(conn: Deno.TcpConn): Promise<void> {
  const reading = then === "never" ? new Promise<void>(() => {}) : drain(conn);
  if (then === "read" || then === "never") {
    await Promise.race([reading, sendForEver(conn)]);
  } else {
    await send(conn, bytes, done);
    if (then === "once") await reading;
    // A byte of an answer: the server has begun to work.
    else if (bytes.length > 0) await Promise.race([reading, firstByte(conn)]);
  }
}

async function sendForEver(conn: Deno.TcpConn): Promise<void> {
  while (true) await send(conn, bytes, done);
}

async function firstByte(conn: Deno.TcpConn): Promise<void> {
  const before = done.read;
  while (done.read === before && open.has(conn)) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function drain(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  try {
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
      done.read += read;
    }
  } catch {
    // It is closed.
  }
}

/** What a client of TLS sends first. */
async function clientHello(): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connecting = Deno.connectTls({ hostname: "127.0.0.1", port: listener.addr.port });
  void connecting.then((conn) => conn.handshake()).catch(() => {});
  using conn = await listener.accept();
  const buffer = new Uint8Array(16 * 1024);
  const read = await conn.read(buffer);
  return buffer.slice(0, read ?? 0);
}
