import assert from "node:assert/strict";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { OwnRegistration } from "../../../src/discovery/local/files.ts";
import { listOnce } from "../../../src/discovery/local/scanner.ts";
import { anInstance } from "../recorder.ts";

/** A registry's directory, with what announces two servers in it. */
async function withTwo(run: (registry: string, directory: string) => Promise<void>) {
  const registry = await Deno.makeTempDir({ prefix: "rpc_list_once_" });
  const directory = `${registry}/rpc`;
  await Deno.mkdir(directory);
  const own: OwnRegistration[] = [];
  try {
    for (const port of [7001, 7002]) {
      own.push(
        await OwnRegistration.publish(
          directory,
          (id) => encodeInstance(anInstance({ port }), id),
        ),
      );
    }
    await run(registry, directory);
  } finally {
    for (const one of own) await one.remove();
    await Deno.remove(registry, { recursive: true });
  }
}

function portsOf(registry: string, service = "rpc"): Promise<number[]> {
  return listOnce({ kind: "local", directory: registry }, service)
    .then((instances) => instances.map(({ port }) => port).toSorted());
}

Deno.test("a list that is read once has the live servers, and asks no other thread for them", async () => {
  await withTwo(async (registry) => {
    const { readDir } = Deno;
    try {
      Deno.readDir = () => assert.fail("a thread of its own");
      assert.deepEqual(await portsOf(registry), [7001, 7002]);
      assert.deepEqual(await portsOf(registry, "another"), []);
    } finally {
      Deno.readDir = readDir;
    }
  });
});

Deno.test("a list of which there is anything to tell is left to those who tell it", async () => {
  const id = "00000000-0000-4000-8000-000000000000";
  const withoutLock = encodeInstance(anInstance({ port: 7003 }), id);
  for (
    const [name, text] of [
      ["notes.json", "{}"],
      [`${id}.json`, "{}"],
      [`${id}.json`, "?"],
      [`${id}.json`, withoutLock],
    ]
  ) {
    await withTwo(async (registry, directory) => {
      await Deno.writeTextFile(`${directory}/${name}`, text as string);
      assert.deepEqual(await portsOf(registry), []);
    });
  }
  await withTwo((registry) => assert.rejects(portsOf(registry, "a/b")));
});
