/** Single calls tell the same whether they begin without the client or with it. */

import assert from "node:assert/strict";
import { formatBundle } from "../../src/keys/bundle.ts";
import { keyFiles } from "../../src/keys/files.ts";
import { answer, type Behaviour, Servers } from "../cli/call/brief/servers_rig.ts";
import { listed } from "../support/listed_servers.ts";
import { RpcHome, type RpcRunOptions } from "../support/rpc_process.ts";
import { TestCluster } from "../support/test_pki.ts";
import { waitFor } from "../support/wait_for.ts";

/** A flag of many calls, with the value that a single one has: with it a call has a client. */
const atLength = ["--concurrency", "1"];

/** Makes a call, and returns what it has told but for ports and times. */
async function told(home: RpcHome, args: readonly string[], options: RpcRunOptions = {}) {
  const { code, stdout, stderr } = await home.run(["call", "--timeout", "50s", ...args], options);
  const alike = (text: string) => text.replaceAll(/127\.0\.0\.1:\d+|"ms":[\d.]+/g, "...");
  return { code, stdout: alike(stdout), stderr: alike(stderr) };
}

/** The same until it is not that the server was too slow for the client, as on a busy machine. */
function toldInTime(home: RpcHome, args: readonly string[], options: RpcRunOptions) {
  return waitFor("a call that is not too slow", async () => {
    const what = await told(home, args, options);
    return /it does not answer|no connection within|still connecting/.test(what.stderr)
      ? undefined
      : what;
  }, { timeoutMs: 300_000 });
}

const failed = (executed: string) =>
  `{"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"oh","data":{"executed":"${executed}"}}}\n`;
const items = (...values: readonly number[]) =>
  `{"jsonrpc":"2.0","method":"rpc.item","params":{"id":3,"items":[${values}]}}\n`;
const notice = (name: string) => `{"jsonrpc":"2.0","method":"rpc.${name}"}\n`;

/** What servers say to a call; `end`: they hang up after it. */
const answers: readonly (readonly [text: string, end?: "end"])[] = [
  [answer(3, { a: [1, "\u009b2J\u200b"] })],
  ['{"jsonrpc":"2.0","id":3,"result":[1e999,-0,1.0,12345678901234567890]}\n'],
  [answer(3, "one") + answer(3, "two")],
  [answer(4, "another's") + answer(3, "ours")],
  [answer(3, "x".repeat(100_000))],
  [notice("goaway") + answer(3, "done")],
  [notice("idle") + notice("idle") + answer(3, "done")],
  ['{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"too loud"}}\n', "end"],
  [failed("no")],
  [failed("maybe")],
  [failed("yes")],
  [items(1) + items(2, 3) + answer(3, null)],
  [items(1) + failed("yes")],
  [items(1), "end"],
  ["hello\n"],
  ['{"jsonrpc":"2.0","id":3,"res', "end"],
  ["", "end"],
];

Deno.test("a server's words come to the same without a client and with one", async () => {
  await using home = await RpcHome.create();
  for (const [text, hangsUp] of answers) {
    const behaviour: Behaviour = {
      async called(_call, say, end) {
        if (text !== "") await say(text);
        if (hangsUp) end();
      },
    };
    for (const more of [[], ["--json"]]) {
      const both = [];
      for (const how of [[], atLength]) {
        using servers = new Servers();
        await using _ = await listed(home, servers.start(behaviour));
        const what = await told(home, ["work", ...more, ...how]);
        both.push({ ...what, calls: servers.calls.length });
      }
      assert.deepEqual(both[0], both[1], text.slice(0, 200));
    }
  }
});

Deno.test("keys that are wrong come to the same without a client and with one", async () => {
  await using home = await RpcHome.create();
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const [ours, own] = [`${home.directory}/server`, `${home.directory}/config/rpc/keys`];
  const alice = await cluster.member("alice");
  cluster.write(await cluster.member("server"), ours);
  await home.serve([], { env: { RPC_KEYS: ours } });
  const remove = (name: string) => Deno.removeSync(`${own}/${name}`);
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(`${own}/${name}`, text, { mode: 0o600 });
  const states: readonly (readonly [make: () => unknown, code: number, env?: string])[] = [
    [() => cluster.write(alice, own), 0],
    [() => remove(keyFiles.machineKey), 1],
    [() => remove(keyFiles.machine), 1],
    [
      () => write(keyFiles.pending, formatBundle({ ...alice, authority: cluster.ca.certificate })),
      0,
    ],
    [() => {
      remove(keyFiles.pending);
      cluster.write(alice, own);
      write(keyFiles.machine, "no certificate");
    }, 1],
    [async () => other.write(await other.member("alice"), own), 1],
    [async () => cluster.write(await cluster.faulty({ usages: ["server"] }), own), 1],
    [async () => cluster.write(await cluster.faulty({ fromDays: -20, toDays: -10 }), own), 1],
    [() => {}, 0, ours],
    [() => {}, 1, "not/absolute"],
  ];
  for (const [make, code, named] of states) {
    await make();
    const options = named === undefined ? {} : { env: { RPC_KEYS: named } };
    const brief = await toldInTime(home, ["ping", "--wait", "200"], options);
    const long = await toldInTime(home, ["ping", "--wait", "200", ...atLength], options);
    assert.deepEqual(brief, long);
    assert.equal(brief.code, code, brief.stderr);
  }
  // Good ones are ignored, too.
  cluster.write(alice, own);
  for (const options of [{}, { env: { RPC_KEYS: "not/absolute" } }]) {
    const brief = await told(home, ["ping", "--insecure"], options);
    assert.deepEqual(brief, await told(home, ["ping", "--insecure", ...atLength], options));
    assert.equal(brief.code, 1, brief.stderr);
  }
});
