import assert from "node:assert/strict";
import { fileUrlOf } from "../../../src/base/paths.ts";
import { ProcessJob } from "../../../src/base/system/process_job.ts";
import { denoCommand } from "../../support/program.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const isWindows = Deno.build.os === "windows";

/** Says that it runs, by a connection, and ends when that does, or when it is killed. */
const program = `
const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
await conn.read(new Uint8Array(1));
`;

for (const way of ["kill", "close"] as const) {
  const reason = isWindows ? undefined : "only Windows has jobs";
  const name = `what a wrapper has started ends with it: by ${way}()`;
  Deno.test(skippedIf(reason, name), async () => {
    const directory = await Deno.makeTempDir({ prefix: "rpc_job_" });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      await Deno.writeTextFile(`${directory}\\program.ts`, program);
      const words = denoCommand(new URL(fileUrlOf(`${directory}\\program.ts`)));
      const wrapper = new Deno.Command("cmd", {
        args: ["/d", "/c", ...words, String(listener.addr.port)],
        stdin: "null",
      }).spawn();
      const job = ProcessJob.of(wrapper.pid);
      assert.ok(job);
      using conn = await listener.accept();
      job[way]();
      await wrapper.status;
      // The system closes the connections of a program that it ends.
      const end = await conn.read(new Uint8Array(1)).catch((error: Error) => error.name);
      assert.ok(end === null || end === "ConnectionReset", String(end));
      job.close();
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}
