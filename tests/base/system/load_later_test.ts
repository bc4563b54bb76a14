import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadLater } from "../../../src/base/system/load_later.ts";
import { shTest } from "../../support/posix.ts";

Deno.test("what is loaded later is what loading resolves to, or rejects with", async () => {
  assert.deepEqual(await loadLater(() => Promise.resolve({ seven: 7 }))(), { seven: 7 });
  const failing = loadLater(() => Promise.reject(new Error("gone")));
  await assert.rejects(failing(), { message: "gone" });
});

Deno.test("what was loaded is not loaded again, and what could not be is tried again", async () => {
  let tries = 0;
  const load = loadLater(() =>
    ++tries < 3 ? Promise.reject(new Error("gone")) : Promise.resolve({})
  );
  await assert.rejects(load());
  await assert.rejects(load());
  assert.equal(await load(), await load());
  assert.equal(tries, 3);
});

const root = new URL("../../../", import.meta.url);

const starved = `
const { readRequest } = await import(${
  JSON.stringify(new URL("src/wire/requests/read_request.ts", root).href)
});
const faultOf = async () => (await readRequest('{"id":1}')).error.message;
const held = [];
try {
  while (true) held.push(Deno.openSync("/dev/null"));
} catch {
  const starved = await faultOf();
  for (const file of held) file.close();
  console.log(JSON.stringify([starved, await faultOf()]));
}`;

shTest("what cannot be loaded without handles is loaded when there are some again", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, starved);
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: [
        ...["-c", 'ulimit -n 64; exec "$@"', "sh", Deno.execPath(), "run", "-A", "--no-check"],
        ...["--no-lock", "--config", fileURLToPath(new URL("deno.json", root)), path],
      ],
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.notEqual(text, "", new TextDecoder().decode(stderr));
    const [without, later] = JSON.parse(text);
    assert.equal(without, "Cannot read the message as a JSON-RPC 2.0 request");
    assert.match(later, /^Cannot read the message as a JSON-RPC 2.0 request \(jsonrpc\): /);
  } finally {
    await Deno.remove(path);
  }
});

const withoutRights = `
import { handlesLeft, lookUpError } from ${
  JSON.stringify(new URL("src/base/system/handles.ts", root).href)
};
import { loadLater } from ${JSON.stringify(new URL("src/base/system/load_later.ts", root).href)};
const asked = [];
const ask = (path) => {
  asked.push(path);
  throw new Deno.errors.NotCapable("It would be asked of the user");
};
Deno.openSync = Deno.readTextFileSync = Deno.readDirSync = ask;
await loadLater(() => Promise.resolve({}))();
lookUpError(new Error("no such host"), "host.example");
handlesLeft();
console.log(asked.length);`;

Deno.test("a program that may read no files is not stopped to be asked for that", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, withoutRights);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-config", "--no-lock", path],
      stdin: "null",
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "0\n", new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(path);
  }
});
