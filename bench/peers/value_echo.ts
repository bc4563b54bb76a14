/**
 * The least that a call can be whose parameter and result are values and which another process
 * answers: `client <JSON>` makes bytes of a text, and a text of the bytes that come back, and so
 * does `worker`; `server` moves them between a socket and memory that it shares with the worker.
 * There are no messages: all texts of a connection have the length that its first four bytes tell.
 */

import { mapFile } from "../../src/workers/map_file.ts";
import { writeAll } from "./echo_bytes.ts";
import { type Meter, runLanes, times } from "./load.mjs";

/** Texts that are on the way on one connection, at the most. */
const textsMax = 16;

const readBytes = 256 * 1024;
const writeBytes = 128 * 1024;
const lengthBytes = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const [mode, argument = "", length = ""] = Deno.args;
if (mode === "server") await serve();
else if (mode === "worker") work(argument, Number(length));
else await run(JSON.parse(argument));

async function serve(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  console.log(`ready ${listener.addr.port}`);
  for await (const connection of listener) await handOn(connection);
}

/** Text `i` is at `i * textLength` of memory that is gone round: what comes back is put there. */
async function handOn(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay(true);
  const first = new Uint8Array(lengthBytes);
  await connection.read(first);
  const textLength = new DataView(first.buffer).getUint32(0);
  const path = `/dev/shm/rpc-value-echo-${crypto.randomUUID()}`;
  const ring = mapRing(path, textLength);
  const worker = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", Deno.mainModule, "worker", path, String(textLength)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const toWorker = worker.stdin.getWriter();
  const back = sendBack(connection, worker.stdout, ring, textLength);
  let at = 0;
  let partialBytes = 0;
  while (true) {
    const read = await connection.read(ring.subarray(at, at + readBytes)).catch(() => null);
    if (read === null) break;
    at = (at + read) % ring.length;
    partialBytes += read;
    const whole = Math.floor(partialBytes / textLength);
    partialBytes -= whole * textLength;
    if (whole > 0) await toWorker.write(new Uint8Array(whole));
  }
  await toWorker.close();
  await back.catch(() => {});
  await worker.status;
  connection.close();
}

async function sendBack(
  connection: Deno.Conn,
  answers: ReadableStream<Uint8Array>,
  ring: Uint8Array,
  textLength: number,
): Promise<void> {
  let at = 0;
  for await (const { length } of answers) {
    for (let left = length * textLength; left > 0;) {
      const bytes = Math.min(left, ring.length - at);
      await writeAll(connection, ring.subarray(at, at + bytes));
      at = (at + bytes) % ring.length;
      left -= bytes;
    }
  }
}

function mapRing(path: string, textLength: number): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path, { read: true, write: true, create: true });
  if (file.statSync().size === 0) file.truncateSync(textsMax * textLength);
  const mapped = mapFile(path, textsMax * textLength);
  if (mapped === undefined) throw new Error(`Cannot map ${path}`);
  return new Uint8Array(mapped.buffer);
}

function work(path: string, textLength: number): void {
  const ring = mapRing(path, textLength);
  Deno.removeSync(path);
  const asked = new Uint8Array(textsMax);
  let at = 0;
  for (let count = Deno.stdin.readSync(asked); count !== null; count = Deno.stdin.readSync(asked)) {
    for (let i = 0; i < count; i++) {
      const place = ring.subarray(at, at + textLength);
      encoder.encodeInto(decoder.decode(place), place);
      at = (at + textLength) % ring.length;
    }
    Deno.stdout.writeSync(asked.subarray(0, count));
  }
}

async function run({ port, textLength, ...load }: {
  readonly port: number;
  readonly textLength: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  readonly latencies: boolean;
}): Promise<void> {
  const text = "x".repeat(textLength);
  await runLanes(load, times(load.connections, () => (meter) => lane(port, text, load, meter)));
}

async function lane(
  port: number,
  text: string,
  { inFlight }: { readonly inFlight: number },
  meter: Meter,
): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const first = new DataView(new ArrayBuffer(lengthBytes));
  first.setUint32(0, text.length);
  await writeAll(connection, new Uint8Array(first.buffer));
  const together = Math.max(1, Math.floor(writeBytes / text.length));
  const out = new Uint8Array(together * text.length);
  let due = inFlight;
  let wake = Promise.withResolvers<void>();
  const writing = (async () => {
    while (meter.running) {
      if (due === 0) {
        await wake.promise;
        wake = Promise.withResolvers();
        continue;
      }
      const count = Math.min(due, together);
      due -= count;
      for (let i = 0; i < count; i++) encoder.encodeInto(text, out.subarray(i * text.length));
      await writeAll(connection, out.subarray(0, count * text.length));
    }
  })();
  const came = new Uint8Array(Math.max(text.length, readBytes));
  let bytes = 0;
  const startedAtMs = meter.begin();
  while (meter.running) {
    const read = await connection.read(came.subarray(bytes));
    if (read === null) throw new Error("The server closed the connection");
    bytes += read;
    let at = 0;
    for (; bytes - at >= text.length; at += text.length) {
      if (decoder.decode(came.subarray(at, at + text.length)) !== text) throw new Error("Not back");
      meter.end(startedAtMs);
      due++;
    }
    came.copyWithin(0, at, bytes);
    bytes -= at;
    if (due > 0) wake.resolve();
  }
  wake.resolve();
  // What is on the way now is of no use to anybody: the end of the connection breaks it off.
  writing.catch(() => {});
}
