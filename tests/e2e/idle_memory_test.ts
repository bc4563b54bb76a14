import { join } from "node:path";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { notLinux } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** The memory of a process that is of no file, in KiB. */
function ownKib(pid: number): number {
  const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss_Anon:\s*(\d+) kB$/m.exec(rollup)?.[1]);
}

Deno.test({
  ...skippedIf(notLinux, "an idle server gives back what its start has left behind"),
  async fn() {
    await using home = await RpcHome.create();
    // Whoever reads a long description leaves much behind.
    const parameters = Array.from({ length: 6 }, (_, i) => `parameter${i}`).join();
    const functions = Array.from(
      { length: 2_000 },
      (_, i) => `export const procedure${i} = (${parameters}) => 1;\n`,
    );
    await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), functions.join(""));
    const server = home.start(["serve", "127.0.0.1", "0", "tasks.ts", "--workers", "1"]);
    // From the start on: on a busy machine some may have been given back before anybody looks.
    let most = 0;
    await waitFor(() => `less than ${most} KiB: ${server.describe()}`, () => {
      const now = ownKib(server.pid);
      most = Math.max(most, now);
      return server.lines.length > 0 && now < 0.9 * most;
    });
  },
});
