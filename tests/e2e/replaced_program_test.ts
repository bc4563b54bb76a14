/** A server whose program is upgraded or removed while it runs. */

import assert from "node:assert/strict";
import { rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { sandboxTest } from "../support/sandbox.ts";
import { waitFor } from "../support/wait_for.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const [program = "", ...args] = rpcCommand;

for (
  const [what, after] of [
    ["deleted", (path: string) => Deno.remove(path)],
    ["replaced", async (path: string) => {
      await Deno.writeTextFile(`${path}.new`, "#!/bin/sh\necho of another version\n");
      await Deno.chmod(`${path}.new`, 0o755);
      await Deno.rename(`${path}.new`, path);
    }],
  ] as const
) {
  // To see it fail: let withOwnProgram in src/workers/process/own_program.ts return the words.
  Deno.test({
    ...skippedIf(
      notLinux,
      `a server whose program was ${what} starts further workers of its own version`,
    ),
    fn: () => servesAfter(after, []),
  });
  sandboxTest(
    `a server whose program was ${what} starts further workers in a sandbox`,
    () => servesAfter(after, ["--allow-env=NONE"]),
  );
}

async function servesAfter(
  after: (path: string) => Promise<void>,
  flags: readonly string[],
): Promise<void> {
  await using home = await RpcHome.create();
  const path = `${home.directory}/program`;
  await Deno.copyFile(program, path);
  const module = `${home.workingDirectory}/ends.ts`;
  const ends = "export function end() { Deno.exit(3); }\n";
  await Deno.writeTextFile(module, ends);
  const command = [path, ...args];
  const server = await home.serve(["ends.ts", "--watch", ...flags], { command });
  await after(path);
  for (let i = 0; i < 2; i++) {
    const { stderr } = await home.run(["call", "end"]);
    assert.match(stderr, /WorkerLost: .*exited with code 3/);
  }
  await Deno.writeTextFile(module, `${ends}export function added() { return 1; }\n`);
  await waitFor(() => `the new workers, not ${server.stderr}`, async () => {
    return (await home.run(["call", "added"])).stdout === "1\n";
  });
}
