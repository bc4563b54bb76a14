/**
 * The limit for payloads: `server` sends back what comes, with nothing looked at; `client <JSON>`
 * keeps so many texts of a length on the way, and counts a call for each length that is back.
 */

import { writeAll } from "./echo_bytes.ts";
import { type Meter, runLanes, times } from "./load.mjs";

const readBytes = 256 * 1024;

if (Deno.args[0] === "server") await serve();
else await run(JSON.parse(Deno.args[1] ?? ""));

async function serve(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
  console.log(`ready ${listener.addr.port}`);
  for await (const connection of listener) void sendBack(connection);
}

async function sendBack(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(readBytes);
  try {
    for (let read = await connection.read(buffer); read; read = await connection.read(buffer)) {
      await writeAll(connection, buffer.subarray(0, read));
    }
  } catch (error) {
    const isOver = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.BrokenPipe;
    if (!isOver) throw error;
  } finally {
    connection.close();
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
  const text = new Uint8Array(textLength).fill("x".charCodeAt(0));
  await runLanes(load, times(load.connections, () => (meter) => lane(port, text, load, meter)));
}

async function lane(
  port: number,
  text: Uint8Array,
  { inFlight }: { readonly inFlight: number },
  meter: Meter,
): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(readBytes);
  // Texts that may leave: those which are back go again.
  let due = inFlight;
  const room = new EventTarget();
  const writing = (async () => {
    while (meter.running) {
      if (due === 0) {
        await new Promise((resolve) => room.addEventListener("room", resolve, { once: true }));
        continue;
      }
      due--;
      await writeAll(connection, text);
    }
  })();
  let back = 0;
  const startedAtMs = meter.begin();
  while (meter.running) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error("The echo server closed the connection");
    back += read;
    for (; back >= text.length; back -= text.length) {
      meter.end(startedAtMs);
      due++;
      room.dispatchEvent(new Event("room"));
    }
  }
  room.dispatchEvent(new Event("room"));
  // What is on the way now is of no use to anybody: the end of the connection breaks it off.
  writing.catch(() => {});
}
