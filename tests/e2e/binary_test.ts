/**
 * What holds of the binary itself. All else that is said of `rpc` is tested on it too, where there
 * is one.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { version } from "../../src/base/version.ts";
import { checkedOutCommit } from "../../src/cli/process/version.ts";
import { archiveOf, binaries } from "../../tasks/compile.ts";
import { startGateway } from "../support/gateway_process.ts";
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

// To see it fail: take --no-code-cache out of tasks/compile.ts. The first of these is read then.
binaryTest(
  "bytecode that another user has left where Deno would look for it is not loaded",
  async (path) => {
    await using home = await RpcHome.create();
    const at = (...parts: string[]) => join(home.directory, ...parts);
    const name = path.split("/").at(-1);
    const caches = ["v8_code_cache_v2", "node_analysis_cache_v2", "dep_analysis_cache_v2"];
    // Those of Deno itself, and that of a temporary directory.
    const planted = [
      ...[`deno-compile-${name}.cache`, `deno-compile-${name}`].map((file) => at("tmp", file)),
      ...["deno", "xdg/deno", "home/.cache/deno"].flatMap((directory) =>
        caches.map((file) => at(directory, file))
      ),
    ];
    for (const directory of ["tmp", "deno", "xdg/deno", "home/.cache/deno"]) {
      await Deno.mkdir(at(directory), { recursive: true });
    }
    // Whoever opens such a pipe waits for one who writes, and does not end.
    const { success } = await new Deno.Command("mkfifo", { args: planted }).output();
    assert.ok(success);
    const env = {
      TMPDIR: at("tmp"),
      DENO_DIR: at("deno"),
      XDG_CACHE_HOME: at("xdg"),
      HOME: at("home"),
    };
    await Deno.writeTextFile(
      join(home.workingDirectory, "tasks.ts"),
      "export function add(a: number, b: number): number { return a + b; }",
    );
    const { stdout } = await home.run(["--version"], { env });
    assert.match(stdout, /^rpc /);
    await home.serve(["127.0.0.1", "0", "tasks.ts"], { env });
    const answer = await home.run(["call", "add", "2", "3"], { env });
    assert.equal(answer.stdout, "5\n", answer.stderr);
    const left = ["deno", "xdg/deno", "home/.cache/deno"].flatMap((directory) =>
      [...Deno.readDirSync(at(directory))].map((entry) => at(directory, entry.name))
    );
    assert.deepEqual(
      left.toSorted(),
      planted.filter((one) => !one.startsWith(at("tmp"))).toSorted(),
    );
    const kept = [...Deno.readDirSync(at("tmp"))].map((entry) => at("tmp", entry.name));
    assert.deepEqual(
      kept.filter((one) => one.includes("deno-compile")).toSorted(),
      planted.filter((one) => one.startsWith(at("tmp"))).toSorted(),
    );
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

binaryTest("a binary's gateway prints nothing of its runtime's about requests", async () => {
  await using home = await RpcHome.create();
  await home.serve(["127.0.0.1", "0"]);
  const gateway = await startGateway(home);
  assert.equal(await (await gateway.call("ping")).json(), "pong");
  const items = await gateway.call("ping", [], { accept: "application/x-ndjson" });
  assert.match(await items.text(), /^\{"item":"pong"\}\n\{"end":/);
  gateway.process.signal("SIGTERM");
  assert.equal(await gateway.process.ended(), 0);
  assert.doesNotMatch(gateway.process.stderr, /Deno/);
});
