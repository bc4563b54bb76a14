import assert from "node:assert/strict";
import { FailedLines } from "../../../../src/cli/call/input/failed_lines.ts";

for (const isGoingOn of [false, true]) {
  const file = isGoingOn ? "kept file" : "new file";
  Deno.test(`a line that a full disk takes half of is no part of the next one, in a ${file}`, async () => {
    const path = await Deno.makeTempFile();
    const { writeSync } = Deno.FsFile.prototype;
    try {
      const failed = FailedLines.open(path, "-", isGoingOn);
      failed.add("[1]");
      let writes = 0;
      Deno.FsFile.prototype.writeSync = function (bytes) {
        if (writes++ > 0) throw new Error("No space left on device");
        return writeSync.call(this, bytes.subarray(0, 2));
      };
      assert.throws(() => failed.add("[2]"), /No space left/);
      Deno.FsFile.prototype.writeSync = writeSync;
      failed.add("[3]");
      failed.close();
      assert.equal(failed.count, 2);
      assert.equal(await Deno.readTextFile(path), "[1]\n[3]\n");
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
      await Deno.remove(path);
    }
  });
}
