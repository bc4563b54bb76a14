import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/log.ts";
import { OwnRegistration } from "../../../src/discovery/local/files.ts";
import { LocalScanner } from "../../../src/discovery/local/scanner.ts";
import { encodeInstance } from "../../../src/discovery/instance_json.ts";
import { anInstance } from "../recorder.ts";

Deno.test("a registration that cannot be read for want of file handles drops no server", async () => {
  const directory = await Deno.makeTempDir();
  const own = await OwnRegistration.publish(
    directory,
    (id) => encodeInstance(anInstance({ port: 7001 }), id),
  );
  const { readFile } = Deno;
  try {
    const scanner = new LocalScanner({ service: "rpc", log: silentLogger });
    const all = { touched: undefined, all: true };
    assert.equal((await scanner.scan(directory, all)).length, 1);
    Deno.readFile = () =>
      Promise.reject(Object.assign(new Error("Too many open files"), { code: "EMFILE" }));
    await assert.rejects(scanner.scan(directory, all), /Too many open files/);
    Deno.readFile = readFile;
    assert.equal((await scanner.scan(directory, all)).length, 1);
  } finally {
    Deno.readFile = readFile;
    await own.remove();
    await Deno.remove(directory, { recursive: true });
  }
});
