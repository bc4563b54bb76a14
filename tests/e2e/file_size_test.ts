import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

async function limitFileSizes(pid: number, bytes: number): Promise<void> {
  const args = [`--fsize=${bytes}`, "--pid", String(pid)];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert.ok(success);
}

Deno.test({
  // Only Linux bounds a process that runs; from its start the runtime's own caches would meet it.
  ...skippedIf(
    notLinux,
    "a server whose audit may not grow any more goes on serving, and counts what is missing",
  ),
}, async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--audit", `${home.directory}/audit`]);
  await limitFileSizes(server.process.pid, 4_096);
  const { code, stderr } = await home.run(["call", "ping", "--repeat", "200", "--quiet"]);
  assert.equal(code, 0, stderr);
  await waitFor("the audit's error", () => /Cannot write the audit/.test(server.stderr));
  assert.equal((await home.run(["call", "ping"])).code, 0);
  assert.equal(await server.stop(), 0);
  assert.match(server.stderr, /Calls are missing in the audit/);
});

Deno.test({
  ...skippedIf(notLinux, "workers under a limit of files' sizes return what is longer than that"),
}, async () => {
  await using home = await RpcHome.create();
  const [module, long] = [`${home.directory}/texts.ts`, `${home.directory}/long`];
  await Deno.writeTextFile(long, "x".repeat(3_000_000));
  await Deno.writeTextFile(module, "export const same = (text: string) => text;\n");
  const server = await home.serve([module]);
  const pids = Deno.readTextFileSync(
    `/proc/${server.process.pid}/task/${server.process.pid}/children`,
  );
  assert.match(pids, /\d/);
  for (const pid of pids.trim().split(" ")) await limitFileSizes(Number(pid), 1_000);
  for (const _ of ["first", "by shared memory"]) {
    const { stdout, stderr } = await home.run(["call", "same", `@${long}`]);
    assert.equal(stdout.length, 3_000_003, stderr);
  }
});
