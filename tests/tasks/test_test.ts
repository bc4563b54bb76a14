import assert from "node:assert/strict";
import { failuresOf, inWords, namesTests, totalsOf } from "../../tasks/test.ts";

const task = new URL("../../tasks/test.ts", import.meta.url).href;

Deno.test("the totals of a run are those of its last summary, in colours too", () => {
  const summary = "ok | 3 passed (2 steps) | 0 failed | 1 ignored (5ms)";
  assert.deepEqual(totalsOf(`${summary}\n`), { passed: 3, failed: 0, skipped: 1 });
  const coloured =
    "\x1b[31mFAILED\x1b[0m | 4 passed | 2 failed (1 step) \x1b[38;5;245m(1m2s)\x1b[0m";
  assert.deepEqual(totalsOf(`${summary}\n${coloured}\n\n`), { passed: 4, failed: 2, skipped: 0 });
  assert.equal(totalsOf("error: Module not found"), undefined);
  assert.equal(totalsOf(`a test ... ${summary}`), undefined);
});

Deno.test("the totals are a line that names skipped tests where there are any", () => {
  assert.equal(inWords({ passed: 1, failed: 0, skipped: 2 }), "1 passed, 0 failed, 2 skipped");
  assert.equal(inWords({ passed: 1, failed: 3, skipped: 0 }), "1 passed, 3 failed");
});

Deno.test("a path of tests is known in each form, and no flag or filter is one", () => {
  const paths = ["tests", "tests/wire", "./tests/wire", "tests_test.ts", "/src/rpc/tests/wire"];
  assert.deepEqual([...paths, ".\\tests\\wire"].filter((path) => !namesTests(path)), []);
  const others = ["--no-check", "--ignore=tests/wire", "--filter", "attests", "--"];
  assert.deepEqual(others.filter(namesTests), []);
});

Deno.test("what failed is what lies between the last heading and its summary", () => {
  const told = "one => ./a_test.ts:1:6\nerror: Error: boom";
  const heading = "\x1b[1m\x1b[37m\x1b[41m ERRORS \x1b[0m";
  const output = `${heading}\n\nof a test itself\n${heading}\n\n${told}\n\n` +
    "\x1b[31mFAILED\x1b[0m | 4 passed | 1 failed (1s)\n\nerror: Test failed\n";
  assert.equal(failuresOf(output), told);
  assert.equal(failuresOf(`${heading}\n\n${told}\n`), told);
  assert.equal(failuresOf("ok | 1 passed | 0 failed (1s)"), "");
});

/** Runs these files as tests of two processes; returns the exit code, all lines, the last one. */
async function runFiles(
  first: string,
  second: string,
  hungAfterMs?: number,
): Promise<{ code: number; lines: readonly string[]; last: string }> {
  const directory = await Deno.makeTempDir({ prefix: "rpc_test_task_" });
  try {
    for (const [name, text] of [["first", first], ["second", second]]) {
      await Deno.mkdir(`${directory}/${name}`);
      await Deno.writeTextFile(`${directory}/${name}/a_test.ts`, text as string);
    }
    const program = `
import { inWords, runTests } from ${JSON.stringify(task)};
if (Deno.build.os !== "windows") Deno.umask(0o077);
const totals = await runTests([["--no-check", "first"], ["--no-check", "second"]], ${hungAfterMs});
console.log(totals === undefined ? "none" : inWords(totals));`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-lock", program],
      cwd: directory,
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    return { code, lines, last: lines.at(-1) ?? "" };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("runs side by side are counted together, and one that breaks off has no totals", async () => {
  const passes = `Deno.test("one", () => {}); Deno.test("two", { ignore: true }, () => {});`;
  const fails = `Deno.test("three", () => {}); Deno.test("four", () => { throw new Error(); });`;
  const none = "no such syntax";
  assert.equal((await runFiles(passes, fails)).last, "2 passed, 1 failed, 1 skipped");
  assert.equal((await runFiles(passes, none)).last, "none");
  assert.equal((await runFiles(none, passes)).last, "none");
});

Deno.test("what failed in the first of two runs is told once more behind the second", async () => {
  const fails = `Deno.test("three", () => { throw new Error("boom"); });`;
  const passes = `Deno.test("one", () => {});`;
  const { lines } = await runFiles(fails, passes);
  const second = lines.findIndex((line) => line.includes("| 1 passed | 0 failed"));
  assert.ok(second >= 0);
  assert.match(lines.slice(second).join("\n"), /Failed before.*three => .*a_test\.ts.*boom/s);
});

Deno.test("tests run alike under each umask, and fetch from this machine in spite of a proxy", async () => {
  const looks = `Deno.test("six", () => {
    if (Deno.build.os !== "windows" && Deno.umask() !== 0o022) throw new Error("umask");
    const hosts = Deno.env.get("NO_PROXY")?.split(",") ?? [];
    if (!hosts.includes("127.0.0.1") || !hosts.includes("localhost")) throw new Error("NO_PROXY");
  });`;
  assert.equal((await runFiles(looks, looks)).last, "2 passed, 0 failed");
});

Deno.test("a run that hangs is ended, and has no totals", async () => {
  const hangs = `Deno.test("five", () => new Promise(() => setInterval(() => {}, 60_000)));`;
  // What a slow machine begins later hangs as well.
  assert.match((await runFiles(hangs, hangs, 3_000)).last, /none$/);
});
