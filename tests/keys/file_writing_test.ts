import assert from "node:assert/strict";
import { appendIssued, assertWritable, writeKeyFiles } from "../../src/keys/file_writing.ts";
import { wasIssued } from "../../src/keys/authority_files.ts";
import { keyFiles } from "../../src/keys/files.ts";

async function withDirectory(run: (directory: string) => void): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const namesIn = (directory: string) =>
  [...Deno.readDirSync(directory)].map(({ name }) => name).toSorted();

Deno.test("keys that a writer has left behind when it was killed are removed by a later one", () =>
  withDirectory((directory) => {
    const left = `${directory}/machine.key.${crypto.randomUUID()}`;
    const fresh = `${directory}/machine.key.${crypto.randomUUID()}`;
    for (const path of [left, fresh, `${directory}/machine.key.mine`]) {
      Deno.writeTextFileSync(path, "k");
    }
    Deno.utimeSync(left, new Date(0), new Date(Date.now() - 2 * 3_600_000));
    writeKeyFiles(directory, { [keyFiles.machineKey]: "k" });
    const names = ["machine.key", fresh.slice(directory.length + 1), "machine.key.mine"];
    assert.deepEqual(namesIn(directory), names.toSorted());
  }));

Deno.test("whether keys can be written is found out without leaving anything", () =>
  withDirectory((directory) => {
    assertWritable(`${directory}/keys`);
    assert.deepEqual(namesIn(`${directory}/keys`), []);
    Deno.writeTextFileSync(`${directory}/file`, "");
    assert.throws(() => assertWritable(`${directory}/file/keys`), /Cannot write keys to .*file/);
  }));

Deno.test("half a line in the list of members spoils no other one", () =>
  withDirectory((directory) => {
    appendIssued(directory, JSON.stringify({ name: "alice" }));
    Deno.writeTextFileSync(`${directory}/${keyFiles.issued}`, '{"name":"bo', { append: true });
    appendIssued(directory, JSON.stringify({ name: "carol" }));
    const known = ["alice", "bob", "carol"].filter((name) => wasIssued(directory, name));
    assert.deepEqual(known, ["alice", "carol"]);
  }));
