import assert from "node:assert/strict";
import { AcceptedSockets } from "../../../../src/base/system/accepted_sockets.ts";
import { SilentDrop } from "../../../../src/gateway/door/watch/silent_drop.ts";
import { ThreadTime } from "../../../../src/gateway/door/watch/thread_time.ts";
import { notLinux } from "../../../support/posix.ts";
import { skippedIf } from "../../../support/skipped_if.ts";
import { waitFor } from "../../../support/wait_for.ts";

Deno.test({
  ...skippedIf(
    notLinux,
    "of a connection that is dropped nothing more is read, and its peer waits until it is reset",
  ),
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    const sockets = AcceptedSockets.open();
    const silent = sockets && SilentDrop.open(sockets);
    assert.ok(sockets !== undefined && silent !== undefined);
    try {
      const accepting = listener.accept();
      using peer = await Deno.connect({ hostname: "127.0.0.1", port });
      using own = await accepting;
      const { hostname, port: from } = peer.localAddr as Deno.NetAddr;
      const socket = sockets.descriptorsNow().map((one) => sockets.at(one, port))
        .find((one) => one?.peer === `${hostname}:${from}`);
      assert.ok(socket !== undefined);
      await peer.write(new Uint8Array(1_000));
      // Another one that has the same descriptor by now.
      assert.equal(silent.drop({ ...socket, peer: "127.0.0.1:1" }, port), undefined);
      assert.equal(await own.read(new Uint8Array(600)), 600);
      const reset = silent.drop(socket, port);
      assert.ok(reset !== undefined);
      await peer.write(new Uint8Array(1_000));
      const reading = own.read(new Uint8Array(1_000));
      const ended = peer.read(new Uint8Array(1));
      reset();
      assert.equal(await reading, null);
      assert.equal(await ended, null);
    } finally {
      silent.close();
      sockets.close();
    }
  },
});

Deno.test({
  ...skippedIf(notLinux, "the time of a thread grows as it computes"),
  async fn() {
    const time = ThreadTime.open();
    assert.ok(time !== undefined);
    try {
      const thread = time.currentThread();
      const before = time.usedMs(thread);
      assert.ok(before !== undefined);
      await waitFor("some time", () => time.usedMs(thread)! > before);
      // Linux has no such number.
      assert.equal(time.usedMs(4_200_000), undefined);
    } finally {
      time.close();
    }
  },
});
