import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { oldestAndNewestPython } from "../../support/python.ts";
import { within } from "../../support/wait_for.ts";

const suite = fileURLToPath(new URL("adapter", import.meta.url));

for (const python of oldestAndNewestPython) {
  const version = python.split("/").slice(-3).join("/");
  Deno.test(`the adapter for Python files passes its own tests (${version})`, async () => {
    const running = new Deno.Command(python, {
      args: ["-W", "error", "-m", "unittest", "discover", "-s", suite],
      stdin: "null",
      // Python makes sockets among temporary files, and the path of a socket has 108 bytes.
      env: Deno.build.os === "windows" ? {} : { TMPDIR: "/tmp" },
    }).output();
    const { success, stderr } = await within("the adapter's tests", running, 300_000);
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}
