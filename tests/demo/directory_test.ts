import assert from "node:assert/strict";
import { join } from "node:path";
import { VirtualClock } from "../support/virtual_clock.ts";
import { makeDemoDirectory, removeDemoDirectory } from "../../src/demo/directory.ts";

Deno.test("a demo removes the directories of demos that were killed, and no other", async () => {
  const dir = await Deno.makeTempDir();
  const pathOf = (name: string) => join(dir, name);
  try {
    const ended = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" })
      .spawn();
    await ended.status;
    const kept = [`rpc-demo-${Deno.pid}-x`, "rpc-demo-x", "rpc_home_1"];
    for (const name of [...kept, `rpc-demo-${ended.pid}-y`]) {
      Deno.mkdirSync(pathOf(`${name}/registry`), { recursive: true });
    }
    const own = makeDemoDirectory(dir);
    const names = [...Deno.readDirSync(dir)].map(({ name }) => pathOf(name)).toSorted();
    assert.deepEqual(names, [own, ...kept.map(pathOf)].toSorted());
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a directory that a dying process has a file open in is removed a moment later, or left", async () => {
  for (const failures of [0, 3, Infinity]) {
    const clock = new VirtualClock();
    let tries = 0;
    const removed = removeDemoDirectory("demo", clock, () => {
      if (tries++ >= failures) return Promise.resolve();
      return Promise.reject(new Error("Directory is not empty. (os error 145)"));
    });
    await clock.advanceAsync(3_000);
    await removed;
    assert.equal(tries, Math.min(failures + 1, 20));
  }
});
