/**
 * What holds of the binary itself. All else that is said of `rpc` is tested on it too, where there
 * is one.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { version } from "../../src/base/version.ts";
import { checkedOutCommit } from "../../src/cli/process/version.ts";
import { archiveOf, binaries } from "../../tasks/compile.ts";
import { binaryTest } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";

binaryTest("a binary tells its commit, and the runtime that it was compiled onto", async () => {
  await using home = await RpcHome.create();
  const { code, stdout, stderr } = await home.run(["--version"]);
  assert.equal(code, 0, stderr);
  const facts = /^rpc (\S+) \(commit (\S+), base denort (\S+) sha256 ([0-9a-f]{12}), (\S+)\)\n$/
    .exec(stdout);
  assert.ok(facts !== null, stdout);
  assert.equal(facts[1], version);
  assert.equal(facts[2]?.replace("-dirty", ""), checkedOutCommit().replace("-dirty", ""));
  assert.equal(facts[5], Deno.build.target);
});

binaryTest("a binary needs neither Deno nor Node.js, nor anything in a home", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(
    join(home.workingDirectory, "look.ts"),
    `import { defineProcedure, z } from "rpc";
     export const look = defineProcedure({ input: z.tuple([]), output: z.any() }, () => ({
       runs: ["deno", "node", "npx"].filter((name) => {
         try {
           return new Deno.Command(name, { args: ["--version"] }).outputSync().success;
         } catch {
           return false;
         }
       }),
       home: [...Deno.readDirSync(Deno.env.get("HOME")!)].map(({ name }) => name),
     }));`,
  );
  await home.serve(["127.0.0.1", "0", "look.ts"]);
  const { stdout, stderr } = await home.run(["call", "look"]);
  assert.deepEqual(JSON.parse(stdout), { runs: [], home: [] }, stderr);
});

// To see it fail: take --no-code-cache out of tasks/compile.ts. Bytecode is then read from this
// place.
binaryTest(
  "bytecode that another user has left in the temporary directory is not loaded",
  async (path) => {
    await using home = await RpcHome.create();
    const directory = join(home.directory, "tmp");
    await Deno.mkdir(directory);
    const name = path.split("/").at(-1);
    const planted = join(directory, `deno-compile-${name}.cache`);
    // Whoever opens this pipe waits for one who writes, and does not end.
    const { success } = await new Deno.Command("mkfifo", { args: [planted] }).output();
    assert.ok(success);
    const env = { TMPDIR: directory };
    for (const args of [["--version"], ["methods", "ping", "--registry", "static:127.0.0.1:1"]]) {
      const { stdout, stderr } = await home.run(args, { env });
      assert.match(stdout + stderr, /^rpc[ :]/);
    }
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name), [
      planted.slice(directory.length + 1),
    ]);
  },
  { posix: true },
);

binaryTest(
  "a binary takes at most 100 MB, and what is downloaded of it at most 40",
  async (path) => {
    const bytes = await Deno.readFile(path);
    assert.ok(bytes.length <= 100e6, `${bytes.length} bytes`);
    const archive = await archiveOf(binaries[Deno.build.target] ?? "rpc", bytes);
    assert.ok(archive.length <= 40e6, `${archive.length} bytes`);
  },
);

binaryTest("a binary that is asked to trace says that it cannot, and goes on", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const { code, stdout, stderr } = await home.run(["call", "ping"], { env: { OTEL_DENO: "true" } });
  assert.deepEqual([code, stdout], [0, '"pong"\n']);
  assert.match(stderr, /Cannot trace: a binary does only if/);
});
