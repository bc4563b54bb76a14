import assert from "node:assert/strict";
import { join } from "node:path";
import { noPython, python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** A module with so many procedures, each with a long name. */
async function writeModule(home: RpcHome, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) => {
    const name = `p${i}`.padEnd(200, "_");
    return `export const ${name} = () => ${i};`;
  });
  await Deno.writeTextFile(join(home.workingDirectory, "many.ts"), lines.join("\n"));
}

Deno.test("a server whose names fit no registration is found and called all the same", async () => {
  await using home = await RpcHome.create();
  await writeModule(home, 1_500);
  const server = await home.serve(["127.0.0.1", "0", "many.ts"]);
  const servers = await home.run(["servers"]);
  assert.ok(servers.stdout.includes(server.address), servers.stderr);
  assert.equal((await home.run(["call", "p1499".padEnd(200, "_")])).stdout, "1499\n");
  const methods = await home.run(["methods", "--json"]);
  assert.equal(methods.lines.length, 1_503, methods.stderr);
});

const tooLong = /its procedures is longer than \d+ bytes: offer fewer of them, or with shorter/;

Deno.test("a server that could tell nobody what it offers does not start, and says why", async () => {
  await using home = await RpcHome.create();
  await writeModule(home, 6_000);
  const many = await home.run(["serve", "127.0.0.1", "0", "many.ts"]);
  assert.equal(many.code, 1);
  assert.match(many.stderr, tooLong);
  const zone = await home.run(["serve", "127.0.0.1", "0", "--zone", "z".repeat(300)]);
  assert.equal(zone.code, 2);
  assert.match(zone.stderr, /Cannot use --zone "z+": it must be a text of at most 256 letters/);
});

Deno.test({
  ...skippedIf(
    noPython,
    "a worker of any language that describes too much is told so, and not a broken protocol",
  ),
}, async () => {
  await using home = await RpcHome.create();
  for (const length of [1_000_000, 1_100_000]) {
    const program = `
import json, sys
for line in sys.stdin:
    print(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {
        "openrpc": "1.3.2", "info": {"title": "x", "version": "1"},
        "methods": [{"name": "f", "description": "x" * ${length}}]}}), flush=True)
`;
    await Deno.writeTextFile(join(home.workingDirectory, "worker.py"), program);
    const { code, stderr } = await home.run([
      "serve",
      "127.0.0.1",
      "0",
      "--exec",
      `${python} worker.py`,
    ]);
    assert.equal(code, 1);
    assert.match(stderr, tooLong);
  }
});
