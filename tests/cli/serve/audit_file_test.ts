import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/log.ts";
import { openAudit } from "../../../src/cli/serve/audit_file.ts";

Deno.test("what a caller names a method is no more than text in the audit", async () => {
  const path = await Deno.makeTempFile();
  try {
    const { audit, close } = openAudit(path, silentLogger);
    const method = "a\x1b[2J\u009b31m\u202eb\u2028c\nd";
    audit({ caller: undefined, from: "127.0.0.1:1", method, outcome: "ok", durationMs: 1 });
    await close();
    const text = await Deno.readTextFile(path);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/);
    assert.equal(JSON.parse(text).method, method);
  } finally {
    await Deno.remove(path);
  }
});
