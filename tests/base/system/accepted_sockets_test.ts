import assert from "node:assert/strict";
import { AcceptedSockets } from "../../../src/base/system/accepted_sockets.ts";
import { heldBytesMax, sendsAtOnce, socketOption } from "../../support/socket_option.ts";
import { waitFor } from "../../support/wait_for.ts";
import { notLinux } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** Runs with a connection that was accepted under `hostname`. */
async function accepted(
  hostname: string,
  use: (
    ends: {
      readonly sockets: AcceptedSockets;
      readonly port: number;
      readonly peer: Deno.TcpConn;
      readonly own: Deno.TcpConn;
    },
  ) => Promise<void>,
): Promise<void> {
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const sockets = AcceptedSockets.open();
  assert.ok(sockets !== undefined);
  const accepting = listener.accept();
  using peer = await Deno.connect({ hostname: "127.0.0.1", port });
  using own = await accepting;
  try {
    await use({ sockets, port, peer, own });
  } finally {
    sockets.close();
  }
}

async function listed(sockets: AcceptedSockets, port: number) {
  const descriptors = await sockets.descriptors();
  return descriptors.map((one) => sockets.at(one, port)).filter((one) => one !== undefined);
}

for (const hostname of ["127.0.0.1", "::"]) {
  Deno.test({
    ...skippedIf(
      notLinux,
      `the accepted connections of ${hostname} are listed as the runtime names them, with what was read`,
    ),
    fn: () =>
      accepted(hostname, async ({ sockets, port, peer, own }) => {
        const { hostname: host, port: from } = own.remoteAddr as Deno.NetAddr;
        const [before, ...others] = await listed(sockets, port);
        assert.equal(before?.peer, `${host}:${from}`);
        assert.equal(before?.readBytes, 0);
        assert.deepEqual(others, []);
        await peer.write(new Uint8Array(1_000));
        const one = new Uint8Array(1);
        let read = 0;
        while (read < 700) read += await own.read(one) ?? NaN;
        const [seen] = await listed(sockets, port);
        assert.deepEqual([seen?.readBytes, seen?.isEnded], [700, false]);
        await peer.closeWrite();
        await waitFor("the end", async () => (await listed(sockets, port))[0]?.isEnded === true);
      }),
  });
}

Deno.test({
  ...skippedIf(
    notLinux,
    "what has come on a connection whose input ends is still read, and it can be written to",
  ),
  fn: () =>
    accepted("127.0.0.1", async ({ sockets, port, peer, own }) => {
      await peer.write(new Uint8Array(3));
      const [socket] = await waitFor("the bytes", () => listed(sockets, port));
      assert.ok(socket !== undefined);
      sockets.endInput(socket);
      assert.equal(await own.read(new Uint8Array(10)), 3);
      assert.equal(await own.read(new Uint8Array(10)), null);
      await own.write(new Uint8Array(5));
      assert.equal(await peer.read(new Uint8Array(10)), 5);
    }),
});

Deno.test({
  ...skippedIf(
    notLinux,
    "a connection ends for both sides, and a descriptor that has become another's is left alone",
  ),
  fn: () =>
    accepted("127.0.0.1", async ({ sockets, port, peer, own }) => {
      const [socket] = await listed(sockets, port);
      assert.ok(socket !== undefined);
      sockets.end({ ...socket, peer: "127.0.0.1:1" });
      await peer.write(new Uint8Array(3));
      assert.equal(await own.read(new Uint8Array(10)), 3);
      sockets.end(socket);
      assert.equal(await peer.read(new Uint8Array(10)), null);
      assert.equal(await own.read(new Uint8Array(10)), null);
    }),
});

Deno.test({
  ...skippedIf(
    notLinux,
    "a connection that is kept outlives its end here, and its peer reads what it was sent",
  ),
  fn: () =>
    accepted("127.0.0.1", async ({ sockets, port, peer, own }) => {
      const { hostname, port: from } = own.remoteAddr as Deno.NetAddr;
      assert.equal(sockets.keep(`${hostname}:${from}`, port + 1), undefined);
      assert.equal(sockets.keep(`127.1.2.3:${from}`, port), undefined);
      const letGo = sockets.keep(`${hostname}:${from}`, port);
      assert.ok(letGo !== undefined);
      await peer.write(new Uint8Array(3));
      await own.write(new Uint8Array(5));
      own.close();
      assert.equal(await peer.read(new Uint8Array(10)), 5);
      assert.equal((await listed(sockets, port)).length, 1);
      letGo();
      assert.equal((await listed(sockets, port)).length, 0);
      assert.equal(await peer.read(new Uint8Array(10)).catch(() => null), null);
    }),
});

Deno.test({
  ...skippedIf(
    notLinux,
    "connections that are accepted later send at once and hold little, and those before are as ever",
  ),
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const sockets = AcceptedSockets.open();
    assert.ok(sockets !== undefined);
    const optionsOf = async (conn: Deno.TcpConn) => {
      const { hostname, port: from } = conn.localAddr as Deno.NetAddr;
      const accepted = (await listed(sockets, port)).find(({ peer }) =>
        peer === `${hostname}:${from}`
      );
      return [heldBytesMax, sendsAtOnce]
        .map((option) => socketOption(accepted?.descriptor ?? NaN, option));
    };
    const connected = () =>
      Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
    try {
      const [before, ownBefore] = await connected();
      const [heldBefore, delayBefore] = await optionsOf(before);
      assert.equal(delayBefore, 0);
      const prepare = async (heldBytes: number | undefined) => {
        for (const one of await sockets.descriptors()) sockets.prepare(one, port, heldBytes);
      };
      await prepare(undefined);
      const [between, ownBetween] = await connected();
      assert.deepEqual(await optionsOf(between), [heldBefore, 1]);
      await prepare(20_000);
      const [after, ownAfter] = await connected();
      assert.deepEqual(await optionsOf(after), [40_000, 1]);
      assert.deepEqual(await optionsOf(before), [heldBefore, 0]);
      for (const one of [before, ownBefore, between, ownBetween, after, ownAfter]) one.close();
    } finally {
      sockets.close();
    }
  },
});
