import assert from "node:assert/strict";
import { selfCommand } from "../../src/library/self_command.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor, within } from "../support/wait_for.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** As many lines as fill any pipe many times over. */
const module = `
export function chatter(n: number) {
  for (let i = 0; i < n; i++) console.log("x".repeat(200));
  return n;
}`;

Deno.test({
  ...skippedIf(onWindows, "a server whose log nobody reads goes on serving, and obeys SIGTERM"),
}, async () => {
  await using home = await RpcHome.create();
  const path = `${home.directory}/chatter.ts`;
  await Deno.writeTextFile(path, module);
  const { program, args } = selfCommand([
    ...["serve", "127.0.0.1", "0", path, "--workers", "1", "--drain-grace", "0"],
    ...["--registry", home.registry],
  ]);
  const server = new Deno.Command(program, { args: [...args], stdout: "piped", stderr: "piped" })
    .spawn();
  try {
    const stdout = server.stdout.getReader();
    assert.match(new TextDecoder().decode((await stdout.read()).value), /^ready /);
    for (let i = 0; i < 3; i++) {
      const { code, stdout } = await home.run(["call", "chatter", "3000"]);
      assert.deepEqual([code, stdout.trim()], [0, "3000"]);
    }
    assert.equal((await home.run(["call", "ping"])).code, 0);
    server.kill("SIGTERM");
    assert.equal((await within("the drained server's end", server.status)).code, 0);
    await stdout.cancel();
  } finally {
    await waitFor("the server's end", () => {
      try {
        server.kill("SIGKILL");
        return false;
      } catch {
        return true;
      }
    });
    await server.stderr.cancel();
  }
});
