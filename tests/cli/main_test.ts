import assert from "node:assert/strict";

/** Runs Deno in the project, and returns the exit code and what it printed on stderr. */
async function run(...args: string[]): Promise<[code: number, stderr: string]> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
  }).output();
  return [code, new TextDecoder().decode(stderr)];
}

Deno.test("a Deno that is too old, or has too few rights, is told with what to do", async () => {
  const on = (version: string) =>
    run(
      "eval",
      `import { main } from "./src/cli/main.ts";
      Deno.exit(await main(["--version"], ${JSON.stringify(version)}));`,
    );
  const old = (version: string): [number, string] => [
    1,
    `rpc: Cannot run on Deno ${version}: it must be 2.9 or later. Run deno upgrade\n`,
  ];
  assert.deepEqual(await on("2.8.3"), old("2.8.3"));
  assert.deepEqual(await on("1.46.0"), old("1.46.0"));
  assert.deepEqual(await on("2.10.0"), [0, ""]);
  assert.deepEqual(await on("3.0.0-rc.1"), [0, ""]);
  const [code, stderr] = await run("run", "--no-prompt", "main.ts", "--version");
  assert.equal(code, 1);
  assert.match(stderr, /^rpc: Deno has not all rights .* run it with -A: Requires read access/);
});
