import assert from "node:assert/strict";
import { join } from "node:path";
import { noPython } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { skippedIf } from "../support/skipped_if.ts";

const typeScript = `
function inner(n: number): number { throw new RangeError("n is " + n + ", 世界"); }
export const risky = (n: number) => { console.log("about to try", n); return inner(n); };
export async function* items() { yield 1; throw new Error("in the stream"); }
export function unreadable() { return { toJSON() { throw new Error("in toJSON"); } }; }
`;

const pythonFile = `
def risky(n: int) -> int:
    print("about to try", n)
    return inner(n)

def inner(n):
    raise ValueError("n is %d, 世界" % n)

def items():
    yield 1
    raise RuntimeError("in the stream")
`;

const kinds: [name: string, file: string, text: string, where: RegExp][] = [
  ["TypeScript", "tasks.ts", typeScript, /^ {4}at inner \(.*tasks\.ts:2:\d+\)$/m],
  ["Python", "tasks.py", pythonFile, /^ {6}File ".*tasks\.py", line 7, in inner$/m],
];

for (const [name, file, text, where] of kinds) {
  Deno.test({
    ...skippedIf(
      name === "Python" ? noPython : undefined,
      `what a procedure throws is one entry of the log, with its own frames alone (${name})`,
    ),
    async fn() {
      await using home = await RpcHome.create();
      await Deno.writeTextFile(join(home.workingDirectory, file), text);
      // A binary's own code has its path there.
      const temporary = join(home.directory, "tmp é");
      Deno.mkdirSync(temporary);
      const server = await home.serve(["127.0.0.1", "0", file], { env: { TMPDIR: temporary } });
      assert.equal((await home.run(["call", "risky", "5"])).code, 1);
      await server.process.says(/risky failed/);
      assert.equal((await home.run(["call", "items"])).code, 1);
      await server.process.says(/items failed/);
      if (name === "TypeScript") {
        assert.equal((await home.run(["call", "unreadable"])).code, 1);
        await server.process.says(/in toJSON/);
      }
      const log = server.stderr;
      const entries = log.split("\n").filter((line) => /^\d{4}-/.test(line));
      const failures = entries.filter((line) => /risky failed/.test(line));
      assert.equal(failures.length, 1, log);
      assert.match(failures[0] ?? "", / WRN \[worker \d\] risky failed: .*n is 5, 世界$/);
      assert.ok(entries.some((line) => / INF \[worker \d\] about to try 5$/.test(line)), log);
      assert.match(log, where);
      for (const absent of ["src/", "deno-compile", "rpc_worker.py", "\x1b", "\x1e", "\\u001e"]) {
        assert.equal(log.includes(absent), false, log);
      }
      // Others may be there: on a slow machine, that a file is still being loaded.
      const told = entries.filter((line) => /failed|Error|File "|at .*tasks/.test(line));
      assert.equal(told.length, name === "TypeScript" ? 3 : 2, log);
    },
  });
}

Deno.test("for programs the stack of what a procedure throws is a field of its entry", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), typeScript);
  const server = await home.serve(["127.0.0.1", "0", "tasks.ts", "--log-format", "json"]);
  await home.run(["call", "risky", "5"]);
  await server.process.says(/risky failed/);
  const entries = server.stderr.split("\n").filter((line) => line.includes("risky failed"));
  assert.equal(entries.length, 1);
  const { message, level, properties } = JSON.parse(entries[0] ?? "");
  assert.match(message, /^\[worker \d\] risky failed: RangeError: n is 5, 世界$/);
  assert.equal(level, "WARN");
  assert.match(properties.stack, /^at inner .*tasks\.ts:2:\d+\)\nat risky /);
});
