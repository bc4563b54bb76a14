import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** Runs a file in a process with these rights, which is refused all others. */
async function run(path: string, rights: readonly string[]): Promise<string> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--no-prompt", ...rights],
      fileURLToPath(new URL(path, import.meta.url)),
    ],
    env: { NO_COLOR: "1", RPC_REGISTRY: "" },
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((one) =>
    new TextDecoder().decode(one)
  );
  assert.equal(output.code, 0, stderr);
  return stdout ?? "";
}

Deno.test("to load the library takes no rights, whichever registry is used", async () => {
  for (const file of ["mod", "discovery/local/local", "discovery/zookeeper/zookeeper"]) {
    await run(`../../src/${file}.ts`, []);
  }
});

Deno.test("settings that a program has no right to read are not set", async () => {
  for (const rights of [[], ["--allow-env"]]) {
    assert.equal(await run("fixtures/tells_setting.ts", rights), "not set\n");
  }
});
