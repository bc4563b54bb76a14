import assert from "node:assert/strict";
import { init } from "../../../src/cli/keys/init.ts";
import type { KeysInput } from "../../../src/cli/keys/input.ts";
import { keyFiles } from "../../../src/keys/files.ts";

Deno.test("a cluster that the disk refuses in the middle of its making is none at all", async () => {
  const { renameSync, removeSync } = Deno;
  const before = Deno.env.get("RPC_KEYS");
  const directory = await Deno.makeTempDir();
  Deno.env.set("RPC_KEYS", directory);
  const fail = () => {
    throw new Error("Input/output error (os error 5)");
  };
  const refuse = (name: string) => {
    Deno.renameSync = (from, to) => `${to}`.endsWith(name) ? fail() : renameSync(from, to);
  };
  try {
    for (const name of [keyFiles.machineKey, keyFiles.machine, keyFiles.authority]) {
      refuse(name);
      await assert.rejects(
        init({ flags: { name: "alpha" } } as KeysInput),
        /^CommandError: Cannot write keys to .*: Input\/output error/,
      );
      const left = [...Deno.readDirSync(directory)].map((entry) => entry.name).toSorted();
      assert.deepEqual(left, [".lock", keyFiles.issued], name);
    }
    // What cannot be taken back is whole: the bundle, and the key that takes in others.
    refuse(keyFiles.machine);
    Deno.removeSync = (path) => `${path}`.endsWith(".key") ? fail() : removeSync(path);
    await assert.rejects(init({ flags: { name: "alpha" } } as KeysInput), /Cannot write keys/);
    const left = [...Deno.readDirSync(directory)].map((entry) => entry.name);
    for (const name of [keyFiles.machineKey, keyFiles.pending, keyFiles.authorityKey]) {
      assert.ok(left.includes(name), name);
    }
  } finally {
    Object.assign(Deno, { renameSync, removeSync });
    if (before === undefined) Deno.env.delete("RPC_KEYS");
    else Deno.env.set("RPC_KEYS", before);
    await Deno.remove(directory, { recursive: true });
  }
});
