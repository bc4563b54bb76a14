import assert from "node:assert/strict";
import { memoryDirectory, removeLeftFiles } from "../../src/workers/memory_files.ts";
import { noMemoryFiles } from "../support/memory_files.ts";
import { skippedIf } from "../support/skipped_if.ts";

const now = Date.UTC(2026, 0, 2);
const hourMs = 60 * 60 * 1_000;

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "files that no worker has opened for an hour are deleted, and nothing else",
  ),
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "rpc-left-", dir: memoryDirectory });
    try {
      const put = (name: string, ageMs: number) => {
        Deno.writeTextFileSync(`${directory}/${name}`, "");
        Deno.utimeSync(`${directory}/${name}`, new Date(now), new Date(now - ageMs));
      };
      for (const kind of ["claims", "bodies"]) {
        put(`rpc-${kind}-old`, hourMs + 1);
        put(`rpc-${kind}-young`, hourMs);
      }
      put("rpc-other", 9 * hourMs);
      put("psm_claims", 9 * hourMs);
      Deno.mkdirSync(`${directory}/rpc-claims-directory`);
      removeLeftFiles(now, directory);
      const left = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
      assert.deepEqual(left, [
        "psm_claims",
        "rpc-bodies-young",
        "rpc-claims-directory",
        "rpc-claims-young",
        "rpc-other",
      ]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
    removeLeftFiles(now, directory);
  },
});
