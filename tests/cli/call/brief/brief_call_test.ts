import assert from "node:assert/strict";
import { systemClock } from "../../../../src/base/clock.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import { systemRandom } from "../../../../src/base/random.ts";
import { run } from "../../../../src/cli/call/brief/brief_call.ts";
import { type CallFlags, callFlags } from "../../../../src/cli/call/flags.ts";
import { LocalDiscovery } from "../../../../src/discovery/local/local.ts";
import { Servers } from "./servers_rig.ts";

Deno.test("a request to end ends a call at once while no client is there, as one with a client ends", async () => {
  using servers = new Servers();
  const directory = await Deno.makeTempDir();
  const deps = { clock: systemClock, random: systemRandom, log: silentLogger };
  const discovery = new LocalDiscovery({ kind: "local", directory }, deps);
  const { addSignalListener, exit } = Deno;
  const exitCodes: unknown[] = [];
  try {
    const server = servers.start({ called: () => {} });
    await discovery.announce({ ...server, id: crypto.randomUUID() }).registered;
    Object.assign(Deno, {
      // The request comes as soon as it is listened to.
      addSignalListener: (name: string, listener: () => void) =>
        name === "SIGINT" && queueMicrotask(listener),
      exit: (code: number) => exitCodes.push(code),
    });
    const fallbacks = Object.entries(callFlags).map(([key, { fallback }]) => [key, fallback]);
    const flags: CallFlags = {
      ...Object.fromEntries(fallbacks),
      registry: `local:${directory}`,
    } as CallFlags;
    const input = { flags, given: new Map(), positionals: ["work"] };
    await run({ ...input, loadCommands: () => Promise.resolve([]) });
  } finally {
    Object.assign(Deno, { addSignalListener, exit });
    await discovery.close();
    await Deno.remove(directory, { recursive: true });
  }
  assert.deepEqual(exitCodes, [130]);
});
