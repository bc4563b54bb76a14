/**
 * The limit: for each request's worth of bytes an answer's worth, with nothing looked at. All that
 * came with one read is answered by one write.
 */

import { answerBytes, repeated, requestBytes, writeAll } from "./echo_bytes.ts";

const readBytes = 64 * 1024;
const answers = repeated(
  answerBytes,
  Math.ceil(readBytes / requestBytes.length) + 1,
);

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
Deno.addSignalListener("SIGTERM", () => Deno.exit(0));
console.log(`ready ${listener.addr.port}`);
for await (const connection of listener) void serve(connection);

async function serve(connection: Deno.TcpConn): Promise<void> {
  connection.setNoDelay(true);
  const buffer = new Uint8Array(readBytes);
  let partialBytes = 0;
  try {
    for (
      let read = await connection.read(buffer);
      read;
      read = await connection.read(buffer)
    ) {
      const requests = Math.floor((partialBytes + read) / requestBytes.length);
      partialBytes += read - requests * requestBytes.length;
      if (requests > 0) {
        await writeAll(
          connection,
          answers.subarray(0, requests * answerBytes.length),
        );
      }
    }
  } catch (error) {
    if (!isLost(error)) throw error;
  } finally {
    connection.close();
  }
}

function isLost(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}
