import assert from "node:assert/strict";
import { openReaderCheck } from "../../src/terminal/stdout_reader.ts";

Deno.test("whether stdout is still read is asked with the types of each system", () => {
  for (const os of ["linux", "darwin"] as const) {
    const hasGone = openReaderCheck(os);
    assert.equal(hasGone(), false, os);
  }
});
