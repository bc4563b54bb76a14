import assert from "node:assert/strict";
import { Opcode } from "../../../src/zookeeper/protocol.ts";
import { waitFor } from "../../support/wait_for.ts";
import {
  type ScriptedRequest,
  ScriptedServer,
  writeEmptyStat,
} from "../../zookeeper/scripted_server.ts";
import { anInstance } from "../recorder.ts";
import { openZooKeeper } from "./zookeeper_support.ts";

const noNode = -101;

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
