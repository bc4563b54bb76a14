import assert from "node:assert/strict";
import net from "node:net";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import {
  connectionsShareOfAddress,
  handshakePauseMs,
  handshakesMax,
} from "../../../src/base/limits.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { TlsListener } from "../../../src/keys/tls/listener.ts";
import { freePort } from "../../support/free_port.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { waitFor } from "../../support/wait_for.ts";

Deno.test("a peer that comes again and again from its port, and is gone, keeps no place", async () => {
  await using cluster = await TestCluster.create();
  let begun = 0;
  const clock: Clock = {
    ...systemClock,
    after(delayMs, callback, options) {
      if (delayMs === handshakePauseMs) begun++;
      return systemClock.after(delayMs, callback, options);
    },
  };
  const listener = await TlsListener.listen({
    host: "127.0.0.1",
    port: 0,
    keys: cluster.ring(await cluster.member("server")),
    clock,
    log: silentLogger,
    answerToPlain: () => "",
  });
  const { host, port } = listener.addr;
  const localPort = freePort();
  try {
    const most = handshakesMax / connectionsShareOfAddress;
    for (let i = 0; i <= most; i++) {
      const socket = net.connect({ host, port, localPort });
      socket.on("error", () => {});
      const before = begun;
      socket.write(Uint8Array.of(0x16));
      await waitFor(`handshake ${i} to begin`, () => begun > before, { periodMs: 1 });
      socket.resetAndDestroy();
    }
    assert.ok(begun > most);
  } finally {
    listener.close();
  }
});
