import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

/** The memory of a process that is of no file, in KiB. */
function ownKib(pid: number): number {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss_Anon:\s*(\d+) kB$/m.exec(rollup)?.[1]);
}

function childrenOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).split(" ").filter(Boolean)
  ).map(Number);
}

Deno.test({
  name: "an idle server and its worker give back what their start has left behind",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await RpcHome.create();
    const server = await home.serve([]);
    const { pid } = server.process;
    const pids = [pid, ...childrenOf(pid)];
    assert.equal(pids.length, 2);
    const atFirst = pids.map(ownKib);
    await waitFor("less", () => pids.every((pid, i) => ownKib(pid) < 0.93 * (atFirst[i] ?? 0)));
  },
});
