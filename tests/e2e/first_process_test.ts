/** A server that is the first process of its system, as in a container without an init. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

/** Runs what follows as the first process of a system of its own. */
const asFirst = 'set -- unshare --pid --fork --kill-child --mount-proc "$@";';

function reasonAgainst(): string | undefined {
  if (Deno.build.os !== "linux") return "such systems are Linux's";
  try {
    const args = ["--pid", "--fork", "--kill-child", "--mount-proc", "true"];
    const { success } = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
    return success ? undefined : "unshare is not allowed here";
  } catch {
    return "there is no unshare";
  }
}

const reason = reasonAgainst();

const module = `
export const leave = async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", "setsid sleep 0.1 & echo $!"], stdout: "piped",
  });
  return new TextDecoder().decode((await child.output()).stdout).trim();
};
`;

Deno.test({
  name: "a server that is the first process of its system leaves no dead ones, and drains" +
    (reason === undefined ? "" : ` (ignored: ${reason})`),
  ignore: reason !== undefined,
}, async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts"], { shell: asFirst });
  const [pid] = await childrenOf(server.pid);
  assert.ok(pid !== undefined);
  await using client = await connect({ registry: `static:${server.address}`, timeoutMs: 120_000 });
  await client.call("leave");
  await waitFor("a dead process", async () => (await deadChildrenOf(pid)).length > 0);
  await waitFor("no dead process", async () => (await deadChildrenOf(pid)).length === 0);
  Deno.kill(pid, "SIGTERM");
  assert.equal(await server.process.ended(), 0, server.process.describe());
});

async function childrenOf(pid: number): Promise<number[]> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return children.split(" ").filter((one) => one !== "").map(Number);
}

async function deadChildrenOf(pid: number): Promise<number[]> {
  const states = await Promise.all((await childrenOf(pid)).map(async (child) => {
    const text = await Deno.readTextFile(`/proc/${child}/stat`).catch(() => "");
    return text.includes(") Z ") ? [child] : [];
  }));
  return states.flat();
}
