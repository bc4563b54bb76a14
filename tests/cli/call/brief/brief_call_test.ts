import assert from "node:assert/strict";
import { callTimeoutMsDefault } from "../../../../src/base/limits.ts";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { systemRandom } from "../../../../src/base/random.ts";
import { run } from "../../../../src/cli/call/brief/brief_call.ts";
import { type CallFlags, callFlags } from "../../../../src/cli/call/flags.ts";
import { LocalDiscovery } from "../../../../src/discovery/local/local.ts";
import type { Instance } from "../../../../src/discovery/discovery.ts";
import { answer, type Behaviour, Servers } from "./servers_rig.ts";

/** Lists servers in a registry of its own, and runs `rpc call work` there in this process. */
async function called(...servers: readonly Instance[]): Promise<void> {
  const directory = await Deno.makeTempDir();
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger };
  const discovery = new LocalDiscovery({ kind: "local", directory }, deps);
  try {
    for (const server of servers) {
      await discovery.announce({ ...server, id: crypto.randomUUID() }).registered;
    }
    const fallbacks = Object.entries(callFlags).map(([key, { fallback }]) => [key, fallback]);
    const flags: CallFlags = {
      ...Object.fromEntries(fallbacks),
      registry: `local:${directory}`,
    } as CallFlags;
    const input = { flags, given: new Map(), positionals: ["work"] };
    await run({ ...input, loadCommands: () => Promise.resolve([]) });
  } finally {
    await discovery.close();
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a request to end ends a call at once while no client is there, as one with a client ends", async () => {
  using servers = new Servers();
  const { addSignalListener, exit } = Deno;
  const exitCodes: unknown[] = [];
  Object.assign(Deno, {
    // The request comes as soon as it is listened to.
    addSignalListener: (name: string, listener: () => void) =>
      name === "SIGINT" && queueMicrotask(listener),
    exit: (code: number) => exitCodes.push(code),
  });
  try {
    await called(servers.start({ called: (_call, say) => say(answer(3, null)) }));
  } finally {
    Object.assign(Deno, { addSignalListener, exit });
  }
  assert.deepEqual(exitCodes, [130]);
});

const refusal =
  '{"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"no","data":{"executed":"no"}}}\n';

Deno.test("what a call has taken before its client was loaded is not there for another server", async () => {
  using servers = new Servers();
  const { now } = performance;
  const tookMs = 200;
  let laterMs = 0;
  Object.assign(performance, { now: () => now.call(performance) + laterMs });
  const behaviour: Behaviour = {
    async called(call, say) {
      if (call === 1) laterMs = tookMs;
      await say(call === 1 ? refusal : answer(3, null));
    },
  };
  try {
    await called(servers.start(behaviour), servers.start(behaviour));
  } finally {
    Object.assign(performance, { now });
  }
  const [first, second] = servers.calls.map((line) => JSON.parse(line).meta.timeoutMs);
  assert.ok(second <= callTimeoutMsDefault - tookMs, `${first}, then ${second}`);
});

Deno.test("a brief call goes to no server that is drained while there is another", async () => {
  using servers = new Servers();
  const takers = new Set<string>();
  const taker = (name: string): Behaviour => ({
    called(_call, say) {
      takers.add(name);
      return say(answer(3, null));
    },
  });
  const drained = { ...servers.start(taker("drained")), weight: 0 };
  const other = servers.start(taker("other"));
  for (let i = 0; i < 12; i++) await called(drained, other);
  assert.deepEqual([...takers], ["other"]);
  // Without another one it is called after all, as by a client.
  await called(drained);
  assert.deepEqual([...takers], ["other", "drained"]);
});
