import assert from "node:assert/strict";
import { OwnRegistration } from "../../../src/discovery/local/files.ts";
import { LocalScanner } from "../../../src/discovery/local/scanner.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { anInstance } from "../recorder.ts";

/** Nobody asks what was skipped. */
const skipped = { add() {}, keepOnly() {}, tell() {} };

Deno.test("a registration that cannot be read for want of file handles drops no server", async () => {
  const directory = await Deno.makeTempDir();
  const own = await OwnRegistration.publish(
    directory,
    (id) => encodeInstance(anInstance({ port: 7001 }), id),
  );
  const { readFileSync } = Deno;
  try {
    const scanner = new LocalScanner({ service: "rpc", skipped });
    const all = { touched: undefined, all: true };
    assert.equal((await scanner.scan(directory, all)).length, 1);
    Deno.readFileSync = () => {
      throw Object.assign(new Error("Too many open files"), { code: "EMFILE" });
    };
    await assert.rejects(scanner.scan(directory, all), /Too many open files/);
    Deno.readFileSync = readFileSync;
    assert.equal((await scanner.scan(directory, all)).length, 1);
  } finally {
    Deno.readFileSync = readFileSync;
    await own.remove();
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a scan of many registrations lets others run, and one of few asks nobody else", async () => {
  const directory = await Deno.makeTempDir();
  const { lstat } = Deno;
  let turns = 0;
  try {
    Deno.lstat = (path) => {
      turns++;
      return lstat(path);
    };
    for (const [count, expected] of [[1, 0], [200, 3]] as const) {
      for (let i = 0; i < count; i++) {
        const id = `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
        Deno.writeTextFileSync(`${directory}/${id}.json`, "{}");
      }
      const scanner = new LocalScanner({ service: "rpc", skipped });
      assert.deepEqual(await scanner.scan(directory, { touched: undefined, all: true }), []);
      assert.equal(turns, expected);
    }
  } finally {
    Deno.lstat = lstat;
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a scan reads what is new or has changed, and looks at other locks only if told to", async () => {
  const directory = await Deno.makeTempDir();
  const own = await OwnRegistration.publish(
    directory,
    (id) => encodeInstance(anInstance({ port: 7001 }), id),
  );
  const id = [...Deno.readDirSync(directory)][0]!.name.slice(0, 36);
  const { openSync, readDirSync, readFileSync } = Deno;
  const did: string[] = [];
  try {
    Deno.openSync = (path, options) => {
      did.push("look");
      return openSync(path, options);
    };
    Deno.readFileSync = (path) => {
      did.push("read");
      return readFileSync(path);
    };
    Deno.readDirSync = () => assert.fail("it occupies the thread");
    const scanner = new LocalScanner({ service: "rpc", skipped });
    const [nothing, it] = [new Set<string>(), new Set([id])];
    for (
      const [touched, all, expected] of [
        [undefined, false, ["look", "read"]],
        [nothing, false, []],
        [nothing, true, ["look"]],
        [it, false, ["look", "read"]],
        [undefined, false, ["look", "read"]],
      ] as const
    ) {
      assert.equal((await scanner.scan(directory, { touched, all })).length, 1);
      assert.deepEqual(did.splice(0), expected);
    }
  } finally {
    Object.assign(Deno, { openSync, readDirSync, readFileSync });
    await own.remove();
    await Deno.remove(directory, { recursive: true });
  }
});
