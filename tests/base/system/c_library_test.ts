import assert from "node:assert/strict";
import { openCLibrary } from "../../../src/base/system/c_library.ts";
import { onWindows } from "../../support/posix.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const none = { parameters: [], result: "i32" } as const;

Deno.test({
  ...skippedIf(
    onWindows,
    "functions of the C library are called by their names, and undefined where one is missing",
  ),
  fn() {
    const library = openCLibrary({ getpid: none });
    assert.equal(library?.symbols.getpid(), Deno.pid);
    library?.close();
    assert.equal(openCLibrary({ getpid: none, no_such_function: none }), undefined);
  },
});

Deno.test({
  name: "without the right to call it, the C library is undefined",
  permissions: { ffi: false },
  fn() {
    assert.equal(openCLibrary({ getpid: none }), undefined);
  },
});
