/**
 * Calls `ping` over HTTP/1.1 on connections that are kept: on each the next request leaves when the
 * answer has come. Beside them may be readers who asked until nothing more was taken of them, and
 * read nothing.
 */

import { writeAll } from "./echo_bytes.ts";
import { type Meter, runLanes, times } from "./load.mjs";

const { port, token, idlers, ...load } = JSON.parse(Deno.args[0] ?? "");
const utf8 = new TextEncoder();
const request = utf8.encode([
  "POST /call/ping HTTP/1.1",
  `host: 127.0.0.1:${port}`,
  `authorization: Bearer ${token}`,
  "content-type: application/json",
  "content-length: 2",
  "",
  "[]",
].join("\r\n"));
const longRequest = utf8.encode(
  `GET /openrpc.json HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${token}\r\n\r\n`
    .repeat(64),
);
/**
 * A reader of whom nothing was taken in so many looks has asked for all that fits. One look is not
 * enough: on a busy machine a gateway that is still answering may not have had its turn.
 */
const stalledLooks = 4;
const lookMs = 300;

/** How each answer ends, which nothing in its head does. */
const end = utf8.encode('"pong"\n');

const readNothing = await Promise.all(times(idlers, idler));
await runLanes(load, times(load.connections, () => lane));
for (const connection of readNothing) connection.close();

async function lane(meter: Meter): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  while (meter.running) {
    const startedAtMs = meter.begin();
    await writeAll(connection, request);
    let bytes = 0;
    while (!isWhole(buffer.subarray(0, bytes))) {
      const read = await connection.read(buffer.subarray(bytes));
      if (read === null) throw new Error("The server closed the connection");
      bytes += read;
    }
    meter.end(startedAtMs);
  }
}

function isWhole(bytes: Uint8Array): boolean {
  const tail = bytes.subarray(-end.length);
  return tail.length === end.length && tail.every((byte, index) => byte === end[index]);
}

/** Asks for something long until a write waits, since nothing of the answers is read. */
async function idler(): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  let writes = 0;
  void ask(connection, () => writes++);
  for (let looks = 0; looks < stalledLooks; looks++) {
    const before = writes;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    if (writes !== before) looks = -1;
  }
  return connection;
}

async function ask(connection: Deno.TcpConn, wrote: () => void): Promise<void> {
  try {
    while (true) {
      await writeAll(connection, longRequest);
      wrote();
    }
  } catch {
    // It was closed, because the load has ended.
  }
}
