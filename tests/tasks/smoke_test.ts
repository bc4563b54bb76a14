import assert from "node:assert/strict";

Deno.test("the smoke test of binaries passes on the source", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", new URL("../tasks/smoke.ts", import.meta.url).href],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  assert.equal(code, 0, text + decoder.decode(stderr));
  assert.ok(text.split("\n").filter((line) => line.startsWith("ok ")).length >= 9, text);
});
