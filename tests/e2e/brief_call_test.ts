/** Single calls as whole processes, against servers that do what a test tells them. */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { answer, Servers } from "../cli/call/brief/servers_rig.ts";
import { listed } from "../support/listed_servers.ts";
import { signalTest } from "../support/posix.ts";
import { denoCommand, source } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { TestCluster } from "../support/test_pki.ts";

const root = new URL("../../", import.meta.url);

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

/**
 * The words that start `rpc` where what makes calls by the client cannot be loaded, and a call is
 * brief however long it takes.
 */
async function withoutClient(home: RpcHome): Promise<readonly string[]> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const urlOf = (path: string) => new URL(path, root).href;
  const own = (name: string) => pathToFileURL(`${home.directory}/${name}`);
  const limits = await Deno.readTextFile(new URL(urlOf("src/base/limits.ts")));
  const patient = limits.replaceAll(/(?<=\b(?:briefCallMs|briefHandshakeMs) = )\d+/g, "600_000");
  assert.notEqual(patient, limits);
  await Deno.writeTextFile(own("limits.ts"), patient);
  const map = {
    imports: {
      ...imports,
      rpc: urlOf("src/mod.ts"),
      [urlOf("src/base/limits.ts")]: own("limits.ts").href,
      [urlOf("src/cli/call/call.ts")]: own("missing.ts").href,
    },
  };
  await Deno.writeTextFile(own("imports.json"), JSON.stringify(map));
  const [deno = "", ...words] = denoCommand(source);
  return [deno, ...words.slice(0, -1), "--import-map", own("imports.json").href, source.href];
}

Deno.test("one call of a server that answers at once loads no client, with keys and without", async () => {
  await using cluster = await TestCluster.create();
  for (const hasKeys of [false, true]) {
    await using home = await RpcHome.create();
    if (hasKeys) {
      cluster.write(await cluster.member("alice"), `${home.directory}/config/rpc/keys`);
    }
    await home.serve();
    const command = await withoutClient(home);
    const run = (...args: readonly string[]) => home.run(["call", "ping", ...args], { command });
    const atLength = await run("--concurrency", "1");
    assert.match(atLength.stderr, /missing\.ts/);
    const plain = await run();
    assert.equal(plain.stdout, '"pong"\n', plain.stderr);
    const { stdout, stderr } = await run("--json");
    const line = /^\{"i":1,"result":"pong","server":"127\.0\.0\.1:\d+","ms":[\d.]+\}\n$/;
    assert.match(stdout, line, stderr);
    const quiet = await run("--quiet");
    assert.deepEqual([quiet.code, quiet.stdout], [0, ""], quiet.stderr);
  }
});
