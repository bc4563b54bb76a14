import assert from "node:assert/strict";
import { freeName } from "../../src/keys/authority_files.ts";
import { appendIssued } from "../../src/keys/file_writing.ts";
import { isMachineName } from "../../src/keys/names.ts";

Deno.test("a machine whose name is taken gets the first that is free, of a name's length", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const name of ["pi", "PI-2", "pi-4"]) appendIssued(directory, JSON.stringify({ name }));
    assert.equal(freeName(directory, "pi"), "pi-3");
    const long = "a".repeat(63);
    const free = freeName(directory, long);
    assert.deepEqual([free.slice(-3), free.length, isMachineName(free)], ["a-2", 63, true]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
