import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { Connection } from "../../src/client/connection.ts";

for (
  const [what, line] of [
    ["answers", '{"jsonrpc":"2.0","id":999999,"result":1}'],
    ["notices that it goes", '{"jsonrpc":"2.0","method":"rpc.goaway"}'],
    ["blank lines", ""],
  ] as const
) {
  Deno.test(`a server that sends ${what} without end holds up nothing else, and is left`, async () => {
    const bytes = new TextEncoder().encode(`${line}\n`.repeat(20_000));
    let [reads, mostReads, rounds, goaways] = [0, 0, 0, 0];
    let at = 0;
    const lost = Promise.withResolvers<string>();
    setImmediate(function round() {
      mostReads = Math.max(mostReads, reads);
      reads = 0;
      if (++rounds < 1_000_000 && !isLost) setImmediate(round);
    });
    let isLost = false;
    new Connection(
      {
        // There is always more.
        read: (buffer) => {
          reads++;
          const part = bytes.subarray(at, at + buffer.length);
          buffer.set(part);
          at = part.length < buffer.length ? 0 : at + part.length;
          return Promise.resolve(part.length);
        },
        write: ({ length }) => Promise.resolve(length),
        close: () => {},
      },
      "127.0.0.1:1",
      systemClock,
      { ended() {}, goaway: () => goaways++, changed() {}, lost: (reason) => lost.resolve(reason) },
    );
    const reason = await lost.promise;
    isLost = true;
    assert.match(reason, /nobody asked for/);
    assert.ok(mostReads <= 10, `${mostReads} reads in one round of the event loop`);
    assert.ok(goaways <= 1);
  });
}
