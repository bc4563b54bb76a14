import assert from "node:assert/strict";
import { assertReplaceable } from "../../../src/cli/keys/carry.ts";
import { formatBundle } from "../../../src/keys/bundle.ts";
import { keyFiles } from "../../../src/keys/files.ts";
import { TestCluster } from "../../support/test_pki.ts";

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
