import assert from "node:assert/strict";
import { bareEnv, binaryTest } from "../support/program.ts";

async function smoke(...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-prompt",
      new URL("../../tasks/smoke.ts", import.meta.url).href,
      ...args,
    ],
    // The source is looked for in Deno's cache, which is in the home; the task gives a binary one
    // of its own.
    env: { ...bareEnv(), HOME: Deno.env.get("HOME") ?? "" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  assert.equal(code, 0, text + decoder.decode(stderr));
  assert.ok(text.split("\n").filter((line) => line.startsWith("ok ")).length >= 9, text);
}

Deno.test("the smoke test of binaries passes on the source", () => smoke());

binaryTest("the smoke test of binaries passes on the binary", (path) => smoke(path));
