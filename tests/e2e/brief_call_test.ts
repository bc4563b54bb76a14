/** Single calls as whole processes, against servers that do what a test tells them. */

import assert from "node:assert/strict";
import { encodeInstance } from "../../src/discovery/instance_json.ts";
import { OwnRegistration } from "../../src/discovery/local/files.ts";
import type { Instance } from "../../src/discovery/discovery.ts";
import { answer, Servers } from "../cli/call/brief/servers_rig.ts";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";

/** Lists servers of other programs in a home's registry, until they are disposed of. */
async function listed(
  home: RpcHome,
  ...instances: readonly Instance[]
): Promise<AsyncDisposable> {
  const directory = `${home.directory}/registry/rpc`;
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const all = await Promise.all(
    instances.map((instance) =>
      OwnRegistration.publish(directory, (id) => encodeInstance(instance, id))
    ),
  );
  return {
    async [Symbol.asyncDispose]() {
      for (const own of all) await own.remove();
    },
  };
}

/** How much time a request's line says that there is. */
function timeIn(line: string | undefined): number {
  return JSON.parse(line ?? "{}").meta?.timeoutMs;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

signalTest(
  "a call that a server has got ends by a signal as with a client, however early",
  async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      await using home = await RpcHome.create();
      using servers = new Servers();
      const server = servers.start({ called: () => call.signal(signal) });
      await using _ = await listed(home, server);
      const call = home.start(["call", "work"]);
      assert.equal(await call.ended(), 130, call.describe());
      assert.equal(servers.calls.length, 1);
    }
  },
);

Deno.test("the time that a server took to greet is not the call's any more", async () => {
  await using home = await RpcHome.create();
  using servers = new Servers();
  const server = servers.start({
    describe: async (id, say) => {
      await pause(30);
      await say(answer(id, { methods: [] }));
    },
    called: (_call, say) => say(answer(3, "done")),
  });
  await using _ = await listed(home, server);
  const { stdout, stderr } = await home.run(["call", "work", "--timeout", "20s"]);
  assert.equal(stdout, '"done"\n', stderr);
  const leftMs = timeIn(servers.calls[0]);
  assert.ok(leftMs <= 20_000 - 30, `${leftMs}`);
});
