import assert from "node:assert/strict";
import { sandboxFinding } from "../../../src/cli/doctor/sandbox.ts";

Deno.test("what would hold procedures in a sandbox is told with kernel and version, or why nothing would", () => {
  const binary = { os: "linux", isBinary: true, kernel: "6.1.0" } as const;
  assert.deepEqual(sandboxFinding({ ...binary, landlock: 2 }), {
    check: "sandbox",
    status: "ok",
    text: "by Landlock 2 (Linux 6.1.0) and Deno's permissions",
    landlock: 2,
    kernel: "6.1.0",
  });
  const none = sandboxFinding({ ...binary, landlock: 0, kernel: "4.18.0" });
  assert.match(none.text, /^none, so rpc serve refuses --allow-\.\.\.: Linux 4\.18\.0 .*5\.13/);
  assert.deepEqual([none.landlock, none.kernel], [0, "4.18.0"]);
  assert.match(sandboxFinding({ ...binary, os: "windows" }).text, /a binary has one on Linux/);
  assert.equal(sandboxFinding({ ...binary, isBinary: false }).text, "by Deno's permissions");
});
