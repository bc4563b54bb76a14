/** A server that is the first process of its system, as in a container without an init. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { connect } from "rpc";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** Runs what follows as the first process of a system of its own. */
const asFirst = 'set -- unshare --pid --fork --kill-child --mount-proc "$@";';

function reasonAgainst(): string | undefined {
  if (Deno.build.os !== "linux") return "such systems are Linux's";
  try {
    const args = ["--pid", "--fork", "--kill-child", "--mount-proc", "true"];
    const { success } = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
    if (!success) return "unshare is not allowed here";
  } catch {
    return "there is no unshare";
  }
  try {
    Deno.statSync(childrenPath(Deno.pid));
    return undefined;
  } catch {
    return "this kernel does not tell of children";
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
  ...skippedIf(
    reason,
    "a server that is the first process of its system leaves no dead ones, and drains",
  ),
}, async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), module);
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts"], { shell: asFirst });
  const [pid] = await childrenOf(server.pid);
  assert.ok(pid !== undefined);
  await using client = await connect({ registry: `static:${server.address}`, timeoutMs: 120_000 });
  const left = await client.call("leave") as string;
  await waitFor("the end of what was left to be taken", async () => !await hasChild(pid, left));
  Deno.kill(pid, "SIGTERM");
  assert.equal(await server.process.ended(), 0, server.process.describe());
});

function childrenPath(pid: number): string {
  return `/proc/${pid}/task/${pid}/children`;
}

async function childrenOf(pid: number): Promise<number[]> {
  const children = await Deno.readTextFile(childrenPath(pid));
  return children.split(" ").filter((one) => one !== "").map(Number);
}

/** Whether a process has a child, alive or dead, of which its own system has that number. */
async function hasChild(pid: number, inside: string): Promise<boolean> {
  const statuses = await Promise.all(
    (await childrenOf(pid)).map((child) =>
      Deno.readTextFile(`/proc/${child}/status`).catch(() => "")
    ),
  );
  return statuses.some((status) => /^NSpid:.*\t(\d+)$/m.exec(status)?.[1] === inside);
}
