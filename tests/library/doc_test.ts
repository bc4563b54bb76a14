import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url);

Deno.test("the examples in the library's documentation run", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--doc",
        "--allow-all",
        "--no-prompt",
        "src/mod.ts",
        "src/library/",
        "src/procedures/",
      ],
      cwd: root,
      env: { NO_COLOR: "1", XDG_RUNTIME_DIR: directory },
    }).output();
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, 0, output);
    const passed = Number(/(\d+) passed/.exec(output)?.[1]);
    assert.ok(passed >= 6, output);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
