import assert from "node:assert/strict";
import { assertReplaceable, importKeys } from "../../../src/cli/keys/carry.ts";
import type { KeysInput } from "../../../src/cli/keys/input.ts";
import { formatBundle, putKeys } from "../../../src/keys/bundle.ts";
import { keyFiles } from "../../../src/keys/files.ts";
import { lockKeys } from "../../../src/keys/file_writing.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { waitFor } from "../../support/wait_for.ts";

Deno.test("the keys that a killed writer has left count, not those that it has not replaced", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const directory = cluster.write(await cluster.member("bob"));
  const keys = { ...await other.member("bob"), authority: other.ca.certificate };
  const write = (name: string, text: string) =>
    Deno.writeTextFileSync(`${directory}/${name}`, text, { mode: 0o600 });
  const replace = (by: TestCluster) => assertReplaceable(directory, (id) => id === by.id, false);
  replace(cluster);
  assert.throws(() => replace(other), /There are keys of another cluster/);
  write(keyFiles.pending, formatBundle(keys));
  write(keyFiles.machineKey, keys.privateKey);
  assert.throws(() => replace(cluster), /There are keys of another cluster/);
  replace(other);
  // So do they where there was no cluster before.
  Deno.removeSync(`${directory}/${keyFiles.authority}`);
  assert.throws(() => replace(cluster), /There are keys of another cluster/);
  // Spoilt keys are mended by those of their cluster.
  Deno.removeSync(`${directory}/${keyFiles.pending}`);
  write(keyFiles.authority, cluster.ca.certificate);
  replace(cluster);
  assert.throws(() => replace(other), /There are keys of another cluster/);
});

Deno.test("keys that come while an import waits for its turn are not lost", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const directory = await Deno.makeTempDir();
  const file = `${directory}/bob.keys`;
  const bob = { ...await cluster.member("bob"), authority: cluster.ca.certificate };
  await Deno.writeTextFile(file, formatBundle(bob), { mode: 0o600 });
  const own = `${directory}/own`;
  const before = Deno.env.get("RPC_KEYS");
  const { openSync } = Deno;
  let isWaiting = false;
  try {
    const lock = await lockKeys(own);
    Deno.openSync = (path, options) => {
      isWaiting ||= String(path).endsWith("/.lock");
      return openSync(path, options);
    };
    Deno.env.set("RPC_KEYS", own);
    const importing = importKeys({ flags: { force: false } } as KeysInput, file);
    const refused = assert.rejects(importing, /There are keys of another cluster/);
    await waitFor("the import", () => isWaiting);
    putKeys(own, { ...await other.member("alice"), authority: other.ca.certificate });
    lock[Symbol.dispose]();
    await refused;
  } finally {
    Deno.openSync = openSync;
    if (before === undefined) Deno.env.delete("RPC_KEYS");
    else Deno.env.set("RPC_KEYS", before);
    await Deno.remove(directory, { recursive: true });
  }
});
