/**
 * Keeps as many requests on the way as it is told: they start in one write; after each read as many
 * new ones leave, again in one write, as answers have come.
 */

import { answerBytes, repeated, requestBytes, writeAll } from "./echo_bytes.ts";
import { type Meter, runLanes, times } from "./load.mjs";

const { port, ...load } = JSON.parse(Deno.args[0] ?? "");
const requests = repeated(requestBytes, load.inFlight);

await runLanes(load, times(load.connections, () => lane));

async function lane(meter: Meter): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  let startedAtMs = meter.begin();
  let partialBytes = 0;
  await writeAll(connection, requests);
  while (meter.running) {
    const read = await connection.read(buffer);
    if (read === null) throw new Error("The echo server closed the connection");
    const answers = Math.floor((partialBytes + read) / answerBytes.length);
    partialBytes += read - answers * answerBytes.length;
    for (let i = 0; i < answers; i++) meter.end(startedAtMs);
    startedAtMs = meter.begin();
    if (answers > 0) {
      await writeAll(
        connection,
        requests.subarray(0, answers * requestBytes.length),
      );
    }
  }
}
