/** The library's page of documentation, as `deno doc` makes it from `src/mod.ts`. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const decoder = new TextDecoder();

async function denoDoc(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", ...args, "src/mod.ts"],
    cwd: fileURLToPath(root),
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

Deno.test("each public member of the library has a doc comment", async () => {
  const lint = await denoDoc("--lint");
  const missing = lint.matchAll(/missing-jsdoc\].*\n\s*--> (.*)/g);
  const ours = [...missing].flatMap(([, place = ""]) => /\bsrc[\\/].*\.ts:\d+/.exec(place) ?? []);
  // Zod's own members lack comments, which shows that the pattern still finds what it looks for.
  assert.match(lint, /missing-jsdoc\].*\n\s*--> .*zod/);
  assert.deepEqual(ours, []);
});

Deno.test("the page of a client tells how to call, though that is in its base class", async () => {
  const page = await denoDoc("--filter", "Client");
  for (const member of ["call", "report", "stream"]) {
    assert.match(page, new RegExp(`^ +${member}\\(method: string`, "m"));
  }
});
