import assert from "node:assert/strict";
import { makeDemoDirectory } from "../../src/demo/directory.ts";

Deno.test("a demo removes the directories of demos that were killed, and no other", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const ended = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" })
      .spawn();
    await ended.status;
    const kept = [`rpc-demo-${Deno.pid}-x`, "rpc-demo-x", "rpc_home_1"];
    for (const name of [...kept, `rpc-demo-${ended.pid}-y`]) {
      Deno.mkdirSync(`${dir}/${name}/registry`, { recursive: true });
    }
    const own = makeDemoDirectory(dir);
    const names = [...Deno.readDirSync(dir)].map(({ name }) => `${dir}/${name}`).toSorted();
    assert.deepEqual(names, [own, ...kept.map((name) => `${dir}/${name}`)].toSorted());
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
