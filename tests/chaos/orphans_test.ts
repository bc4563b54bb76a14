/** Workers whose server was killed: none is left behind, whatever it is doing. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type ProcessRow, processTable } from "../support/process_table.ts";
import { python } from "../support/python.ts";
import { RpcHome, type RpcServerProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { chaosTest } from "./cluster.ts";

const spin = fileURLToPath(new URL("fixtures/spin.py", import.meta.url));
const isLinux = Deno.build.os === "linux";

/**
 * Calls a procedure that never returns, and resolves to the processes of the server when one
 * computes.
 */
async function computing(
  home: RpcHome,
  server: RpcServerProcess,
  call: readonly string[],
): Promise<ProcessRow[]> {
  home.start(["call", ...call, "--timeout", "600000"]);
  return await waitFor("a worker that computes", async () => {
    const workers = (await processTable()).filter(({ parentPid }) => parentPid === server.pid);
    return workers.some(({ cpuSeconds }) => cpuSeconds >= 1) && workers;
  });
}

/** Kills the server and resolves when none of the processes is left. */
async function killAndLookFor(
  server: RpcServerProcess,
  workers: readonly ProcessRow[],
): Promise<void> {
  assert.ok(workers.length > 0);
  const pids = new Set(workers.map(({ pid }) => pid));
  const left = async () => (await processTable()).filter(({ pid }) => pids.has(pid));
  assert.equal((await left()).length, pids.size, "all live while their server does");
  const dead = server.kill();
  try {
    await waitFor("the workers to end", async () => (await left()).length === 0);
  } finally {
    for (const { pid } of await left()) Deno.kill(pid, "SIGKILL");
    await dead;
  }
}

// To see it fail: let endWithParent in src/workers/child/end_with_parent.ts return at once.
chaosTest("a worker that computes for ever ends with a server that is killed", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--workers", "2"]);
  await killAndLookFor(server, await computing(home, server, ["fib", "78"]));
});

// To see it fail: let tiedCommand in src/workers/process/tied_command.ts return its command.
if (isLinux && python !== undefined) {
  chaosTest("a worker of somebody else's program ends with a server that is killed", async () => {
    await using home = await RpcHome.create();
    const server = await home.serve(["--no-builtin", "--exec", `${python} '${spin}'`]);
    await killAndLookFor(server, await computing(home, server, ["spin"]));
  });
}
