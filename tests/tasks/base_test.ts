import assert from "node:assert/strict";
import { zip } from "../../tasks/archive.ts";
import { getBase, sha256 } from "../../tasks/base.ts";
import { skippedIf } from "../support/skipped_if.ts";

const isLinux = Deno.build.os === "linux";

async function inDirectory(fn: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "rpc_base_test_" });
  try {
    await fn(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** GNU's assembler comes with its linker and `strip`. */
function hasBinutils(): boolean {
  try {
    return new Deno.Command("as", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}

Deno.test("a base comes from Deno's site, of the very version that compiles", async () => {
  const runtime = new TextEncoder().encode("a runtime");
  const packed = await zip([{ name: "denort", bytes: runtime, mode: 0o755 }]);
  const asked: string[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (r) => {
    asked.push(new URL(r.url).pathname);
    return asked.length === 1 ? new Response(packed) : new Response("gone", { status: 404 });
  });
  const site = `http://127.0.0.1:${server.addr.port}`;
  await inDirectory(async (directory) => {
    const windows = "x86_64-pc-windows-msvc";
    const base = await getBase({ target: windows, directory, given: undefined, site });
    assert.deepEqual(asked, [`/v${Deno.version.deno}/denort-${windows}.zip`]);
    assert.deepEqual(await Deno.readFile(base.path), runtime);
    assert.equal(base.sum, await sha256(runtime));
    await assert.rejects(
      getBase({ target: windows, directory, given: undefined, site }),
      /Cannot get the runtime from http:.*: HTTP status 404\. A copy can be named by DENORT_BIN/,
    );
  });
});

Deno.test({
  ...skippedIf(
    isLinux && hasBinutils() ? undefined : "there is no Linux, or no assembler",
    "a base for Linux is stripped, and its sum is that of what was there before",
  ),
  async fn() {
    await inDirectory(async (directory) => {
      const given = `${directory}/given`;
      const names = Array.from({ length: 1_000 }, (_, i) => `function_${i}: ret`).join("\n");
      await Deno.writeTextFile(`${directory}/names.s`, `.globl _start\n_start: ret\n${names}\n`);
      const { success } = await new Deno.Command("sh", {
        args: ["-c", "as -o names.o names.s && ld -o given names.o"],
        cwd: directory,
      }).output();
      assert.ok(success);
      const before = await Deno.readFile(given);
      const base = await getBase({
        target: `${Deno.build.arch}-unknown-linux-gnu`,
        directory,
        given,
      });
      assert.equal(base.sum, await sha256(before));
      assert.ok((await Deno.stat(base.path)).size < before.length / 2);
      assert.deepEqual(await Deno.readFile(given), before);
    });
  },
});
