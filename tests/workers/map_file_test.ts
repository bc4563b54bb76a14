import assert from "node:assert/strict";
import { mapFile } from "../../src/workers/map_file.ts";
import { newBodyPath } from "../../src/workers/body_file.ts";
import { noMemoryFiles } from "../support/memory_files.ts";
import { skippedIf } from "../support/skipped_if.ts";

Deno.test(
  {
    ...skippedIf(
      noMemoryFiles,
      "what is written to a file is in its memory, and the other way round",
    ),
  },
  () => {
    const path = newBodyPath() as string;
    Deno.writeTextFileSync(path, "abc");
    try {
      const mapped = mapFile(path, 8_192);
      assert.ok(mapped !== undefined);
      const bytes = new Uint8Array(mapped.buffer);
      assert.deepEqual([...bytes.subarray(0, 3)], [97, 98, 99]);
      bytes[1] = 120;
      assert.equal(Deno.readTextFileSync(path), "axc");
      mapped.unmap();
      assert.doesNotMatch(Deno.readTextFileSync("/proc/self/maps"), new RegExp(path));
    } finally {
      Deno.removeSync(path);
    }
    assert.equal(mapFile(path, 8_192), undefined);
  },
);

Deno.test({
  name: "a program that may call no library is not asked for that",
  permissions: { ffi: false, read: true },
}, () => {
  const { dlopen } = Deno;
  let asked = 0;
  Deno.dlopen = () => {
    asked++;
    throw new Error("Denied");
  };
  try {
    assert.equal(mapFile("/dev/null", 4_096), undefined);
  } finally {
    Deno.dlopen = dlopen;
  }
  assert.equal(asked, 0);
});
