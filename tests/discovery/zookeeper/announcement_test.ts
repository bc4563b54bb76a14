import assert from "node:assert/strict";
import { Opcode } from "../../../src/zookeeper/protocol.ts";
import { freePort } from "../../support/free_port.ts";
import { waitFor } from "../../support/wait_for.ts";
import {
  type ScriptedRequest,
  ScriptedServer,
  writeEmptyStat,
} from "../../zookeeper/scripted_server.ts";
import { anInstance } from "../recorder.ts";
import { openZooKeeper } from "./zookeeper_support.ts";

const noNode = -101;

Deno.test("zookeeper: a registry connects before there is anything to announce, if it is told to", async () => {
  await using server = new ScriptedServer();
  const discovery = openZooKeeper({ port: Number(server.connectString.split(":")[1]) });
  try {
    discovery.prepare();
    await waitFor("the connection", () => server.connections === 1);
    assert.deepEqual(server.requests, []);
  } finally {
    await discovery.close();
  }
});

Deno.test("zookeeper: an announcement is told what went wrong before it was made", async () => {
  const failed = Promise.withResolvers<void>();
  const told = Promise.withResolvers<Error>();
  const discovery = openZooKeeper({ port: freePort() });
  try {
    const watch = discovery.watch("rpc", { snapshot() {}, trouble: () => failed.resolve() });
    await failed.promise;
    watch.close();
    let isReturned = false;
    discovery.announce(anInstance(), {
      trouble: (error) => told.resolve(isReturned ? error : new Error("too soon")),
    });
    isReturned = true;
    await Promise.resolve();
    // Before another attempt can have failed.
    told.resolve(new Error("nothing was told"));
    assert.match((await told.promise).message, /Is it running/);
  } finally {
    await discovery.close();
  }
});

Deno.test("zookeeper: what a registration needs is asked for at once, and then its node is made", async () => {
  const held: ScriptedRequest[] = [];
  await using server = new ScriptedServer({
    onRequest(request) {
      held.push(request);
      if (held.length !== 3) return;
      for (const one of held) {
        if (one.opcode === Opcode.exists) one.reply(0, writeEmptyStat);
        else one.reply(noNode);
      }
    },
  });
  const discovery = openZooKeeper({ port: Number(server.connectString.split(":")[1]) });
  try {
    discovery.announce(anInstance(), { keepsOverride: true });
    await waitFor("the node to be made", () => held.length === 4);
    assert.deepEqual(
      held.map(({ opcode }) => opcode).toSorted((a, b) => a - b),
      [
        ...[Opcode.create, Opcode.exists, Opcode.exists, Opcode.getData],
      ].toSorted((a, b) => a - b),
    );
    assert.equal(held[3]?.opcode, Opcode.create);
    held[3]?.hangUp();
  } finally {
    await discovery.close();
  }
});
