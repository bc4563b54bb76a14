import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { unaskedMessagesMax } from "../../src/base/limits.ts";
import { Call } from "../../src/client/call.ts";
import { Connection } from "../../src/client/connection.ts";
import { waitFor } from "../support/wait_for.ts";

for (
  const [what, line] of [
    ["answers", '{"jsonrpc":"2.0","id":999999,"result":1}\n'],
    ["notices that it goes", '{"jsonrpc":"2.0","method":"rpc.goaway"}\n'],
    ["blank lines", "\n"],
    ["blank lines, each read up to a CR,", "\n\r"],
  ] as const
) {
  Deno.test(`a server that sends ${what} without end holds up nothing else, and is left`, async () => {
    const bytes = new TextEncoder().encode(line.repeat(20_000));
    let [reads, allReads, mostReads, rounds, goaways] = [0, 0, 0, 0, 0];
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
        // There is always more, for as long as a client can want.
        read: (buffer) => {
          reads++;
          if (++allReads > 20_000) return Promise.resolve(null);
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

Deno.test("a server whose answers all come too late is not left for that", async () => {
  const encoder = new TextEncoder();
  let late = "";
  let wake = () => {};
  let lost: string | undefined;
  const connection = new Connection(
    {
      read: async (buffer) => {
        while (late === "") await new Promise<void>((resolve) => wake = resolve);
        const { read, written } = encoder.encodeInto(late, buffer);
        late = late.slice(read);
        return written;
      },
      write: ({ length }) => Promise.resolve(length),
      close: () => {},
    },
    "127.0.0.1:1",
    systemClock,
    { ended() {}, goaway() {}, changed() {}, lost: (reason) => lost = reason },
  );
  const calls = 1_000;
  for (let sent = 0; sent <= unaskedMessagesMax + calls; sent += calls) {
    let answers = "";
    for (let i = 0; i < calls; i++) {
      const call = new Call("slow", undefined, systemClock.now() + 1_000);
      connection.send(call, () => {});
      connection.cancel(call);
      answers += `{"jsonrpc":"2.0","id":${call.id},"result":1}\n`;
    }
    const before = connection.messagesReceived;
    late = answers;
    wake();
    await waitFor(
      "the answers to be read",
      () => lost !== undefined || connection.messagesReceived === before + calls,
    );
    assert.equal(lost, undefined);
  }
  connection.close();
});
