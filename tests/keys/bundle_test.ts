import assert from "node:assert/strict";
import { putKeys } from "../../src/keys/bundle.ts";
import { keyFiles } from "../../src/keys/files.ts";
import { KeyRing } from "../../src/keys/key_ring.ts";
import { readKeys } from "../../src/keys/keys.ts";
import { RecordingLogger } from "../discovery/recorder.ts";
import { TestCluster } from "../support/test_pki.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const machineFiles = [keyFiles.machineKey, keyFiles.machine, keyFiles.authority];

/** Writes keys into a directory, as a writer that is killed before this file takes its place. */
function writeUpTo(directory: string, last: string, keys: Parameters<typeof putKeys>[1]): void {
  const path = `${directory}/${last}`;
  const before = Deno.readFileSync(path);
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  assert.throws(() => putKeys(directory, keys), /Cannot write keys/);
  Deno.removeSync(path);
  Deno.writeFileSync(path, before, { mode: 0o600 });
}

Deno.test("keys whose writer is killed between any two files are the old or the new ones, whole", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const old = { ...await cluster.member("bob"), authority: cluster.ca.certificate };
  for (const into of [cluster, other]) {
    const renewed = { ...await into.member("bob"), authority: into.ca.certificate };
    for (const last of machineFiles) {
      const directory = cluster.write(old);
      writeUpTo(directory, last, renewed);
      const { authority, certificate, privateKey } = readKeys(directory) ?? {};
      const isNew = last !== keyFiles.machineKey;
      assert.deepEqual({ authority, certificate, privateKey }, isNew ? renewed : old, last);
      putKeys(directory, renewed);
      assert.equal(readKeys(directory)?.certificate, renewed.certificate);
      const names = [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();
      assert.deepEqual(names, machineFiles.toSorted(), "nothing is left behind");
    }
  }
});

Deno.test("a server that sees new keys in the middle of their writing loads them once", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("bob"));
  const clock = new VirtualClock();
  const ring = KeyRing.open(directory, clock, new RecordingLogger());
  const renewed = { ...await cluster.member("bob"), authority: cluster.ca.certificate };
  writeUpTo(directory, keyFiles.machine, renewed);
  await clock.advanceAsync(1_000);
  const loaded = ring?.current();
  assert.equal(loaded?.certificate, renewed.certificate);
  putKeys(directory, renewed);
  await clock.advanceAsync(1_000);
  assert.equal(ring?.current(), loaded, "whoever shows them need not show them anew");
});
