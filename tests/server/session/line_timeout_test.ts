import assert from "node:assert/strict";
import { messageMaxDefault } from "../../../src/base/limits.ts";
import { partialLineTimeoutMs } from "../../../src/server/limits.ts";
import { bytesBetweenPauses } from "../../../src/base/system/give_way.ts";
import { lineBytesPerMsLeast } from "../../../src/server/bounds/session_limits.ts";
import { Shared } from "../../../src/server/bounds/shared.ts";
import { Flow } from "../../../src/server/turns/flow.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";
import { sessionOn } from "../fixtures/session_on.ts";

/** A session whose peer sends a line in parts, and all that is written to it. */
function slowPeer(clock: VirtualClock, options: Parameters<typeof sessionOn>[1] = {}) {
  let reading: { readonly room: number; came(bytes: number | null): void } | undefined;
  const written: string[] = [];
  const session = sessionOn({
    read(buffer) {
      buffer.fill(0x78);
      const { promise, resolve } = Promise.withResolvers<number | null>();
      reading = { room: buffer.length, came: resolve };
      return promise;
    },
    write(bytes) {
      written.push(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => reading?.came(null),
  }, { clock, ...options });
  const running = session.run();
  /** So many bytes come, and the session is looked at. */
  const comes = async (bytes: number, withinMs: number) => {
    for (let rest = bytes; rest > 0;) {
      const { room, came } = await waitFor("a read", () => reading);
      reading = undefined;
      came(Math.min(room, rest));
      rest -= room;
    }
    await waitFor("the next read", () => reading);
    clock.advance(withinMs);
    session.checkPeer(clock.now());
    await settled();
  };
  return { session, running, written, comes };
}

Deno.test("a long line may take as long as a slow network needs for it, and no longer (P-43)", async () => {
  const { session, running, comes } = slowPeer(new VirtualClock());
  const bytes = 32_000;
  for (let second = 0; second < 100; second++) await comes(bytes, 1_000);
  assert.ok(!session.isClosed, "100 s for 3.2 MB");
  await comes(0, partialLineTimeoutMs - 2_000);
  assert.ok(!session.isClosed);
  await comes(0, 3_000);
  assert.ok(session.isClosed);
  await running;
});

Deno.test("a peer that sends much and gets nothing is told that it is read (P-2)", async () => {
  const { session, running, written, comes } = slowPeer(new VirtualClock());
  await comes(8_192, 1_000);
  assert.deepEqual(written, [], "it may take the next line for its answer");
  session.takes(messageMaxDefault);
  await comes(64, 1_000);
  assert.deepEqual(written, [], "a little proves nothing");
  await comes(8_192, 1_000);
  await comes(8_192, 1_000);
  assert.deepEqual(written, ["\n", "\n"]);
  await comes(0, 1_000);
  assert.equal(written.length, 2, "nothing was read");
  session.goaway();
  await comes(8_192, 1_000);
  assert.equal(written.length, 3, "it was sent something else");
  session.close();
  await running;
});

Deno.test("a slow line keeps its room where another address begins more than there is room for", async () => {
  const clock = new VirtualClock();
  const shared = new Shared(clock, () => 2, { partialLinesBytesMax: 1_000_000 });
  const peerOf = (owner: string) =>
    slowPeer(clock, { shared, group: { connections: 1, owner, isOneCaller: true } });
  const slow = peerOf("slow");
  await slow.comes(300_000, 1_000);
  const flood = Array.from({ length: 12 }, () => peerOf("flood"));
  for (const { comes } of flood) await comes(100_000, 0);
  assert.match(flood.flatMap(({ written }) => written).join(""), /"code":-32002/);
  assert.deepEqual(slow.written, []);
  for (const { session, running } of [slow, ...flood]) {
    session.close();
    await running;
  }
});

Deno.test("the time that a long line waits for its turn does not count against it (P-43)", async () => {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => false, (begin) => void pauses.push(begin));
  const shared = Object.assign(new Shared(clock, () => 2), { turns, flow: new Flow(turns) });
  const ended = Promise.withResolvers<null>();
  const bytes = bytesBetweenPauses + 1024 * 1024;
  let restBytes = bytes;
  let isClosed = false;
  const session = sessionOn({
    read(buffer) {
      const length = Math.min(restBytes, buffer.length);
      restBytes -= length;
      buffer.fill(0x78, 0, length);
      return length === 0 ? ended.promise : Promise.resolve(length);
    },
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close() {
      isClosed = true;
      ended.resolve(null);
    },
  }, { shared, clock });
  const running = session.run();
  await settled();
  assert.equal(pauses.length, 1, "it waits for its turn");
  assert.ok(restBytes > 0);
  const pass = (ms: number) => {
    session.checkPeer(clock.now());
    clock.advance(ms);
    session.checkPeer(clock.now());
  };
  pass(2 * partialLineTimeoutMs);
  assert.ok(!isClosed);
  while (pauses.length > 0) {
    pauses.shift()?.();
    await settled();
  }
  assert.equal(restBytes, 0);
  // Now it is the peer that does not go on.
  pass(partialLineTimeoutMs + Math.floor(bytes / lineBytesPerMsLeast) - 1);
  assert.ok(!isClosed);
  pass(2);
  assert.ok(isClosed);
  await running;
});
