import assert from "node:assert/strict";
import { ToolChanges } from "../../../src/gateway/agents/tool_changes.ts";
import { toolsOf } from "../../../src/gateway/agents/tools.ts";
import { gatewayToolsLookMs } from "../../../src/gateway/limits.ts";
import { openRpcMethodSchema } from "../../../src/procedures/openrpc.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** Changes of tools whose names a test sets: `undefined` is no server. */
function changes(...names: string[]) {
  const clock = new VirtualClock();
  const state = { names: names as string[] | undefined, looks: 0 };
  const all = new ToolChanges({
    clock,
    ended: new AbortController().signal,
    tools: () => {
      state.looks++;
      if (state.names === undefined) return Promise.reject(new Error("No server"));
      const methods = state.names.map((name) => openRpcMethodSchema.parse({ name }));
      return Promise.resolve(toolsOf(methods, "*"));
    },
  });
  const change = async (...next: string[] | [undefined]) => {
    state.names = next[0] === undefined ? undefined : next as string[];
    all.serverChanged();
    await clock.advanceAsync(gatewayToolsLookMs);
  };
  return { all, clock, state, change };
}

Deno.test("who listens is told of other tools, and not of other servers with the same ones", async () => {
  const { all, clock, state, change } = changes("a");
  let told = 0;
  const listener = ({ kind }: { kind: string }) => {
    assert.equal(kind, "tools_list_changed");
    told++;
  };
  const leave = all.subscribe(listener);
  await change("a");
  assert.equal(told, 0);
  await change("a", "b");
  assert.equal(told, 1);
  // While no server answers, the tools are what is known.
  await change(undefined);
  await change("a", "b");
  assert.equal(told, 1);
  await change("b");
  assert.equal(told, 2);
  // Changes that come together are one look.
  const before = state.looks;
  for (let i = 0; i < 5; i++) all.serverChanged();
  await clock.advanceAsync(gatewayToolsLookMs);
  assert.equal(state.looks, before + 1);
  leave();
  await change("c");
  assert.deepEqual([told, state.looks], [2, before + 1]);
  // What has changed while nobody listened is known to who listens since.
  all.subscribe(listener);
  await change("c");
  assert.equal(told, 2);
  await change("d");
  assert.equal(told, 3);
  assert.equal(clock.pendingTimers, 0);
});
