import assert from "node:assert/strict";
import { terminalSize } from "../../src/terminal/size.ts";

Deno.test("a terminal that says it has no size is as large as the usual one", () => {
  assert.deepEqual(terminalSize(() => ({ columns: 0, rows: 0 })), { columns: 80, rows: 24 });
  assert.deepEqual(terminalSize(() => ({ columns: 120, rows: 0 })), { columns: 120, rows: 24 });
  assert.deepEqual(terminalSize(() => ({ columns: 60, rows: 10 })), { columns: 60, rows: 10 });
  const none = () => {
    throw new Error("No terminal");
  };
  assert.deepEqual(terminalSize(none), { columns: 80, rows: 24 });
});
