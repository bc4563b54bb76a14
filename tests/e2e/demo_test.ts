import assert from "node:assert/strict";
import { assertDemoWent } from "../support/demo_outcome.ts";
import { processTable } from "../support/process_table.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { notLinux, onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

Deno.test("the demo of fewest calls plays all five scenarios, compares them, and writes its page", async () => {
  await using home = await RpcHome.create();
  const { code, stdout, stderr } = await home.run(
    ["demo", "--calls", "10", "--html", "report.html"],
    { timeoutMs: 600_000 },
  );
  const short = assertDemoWent(code, stdout, stderr);
  for (const scenario of [1, 2, 3, 4, 5]) {
    assert.match(stdout, new RegExp(`^ *[\\d.]+ s  scenario ${scenario}: `, "m"));
    if (!short.has(scenario)) {
      assert.match(stdout, new RegExp(`^${scenario} ✓ \\d+ calls, no error`, "m"));
    }
    assert.match(stdout, new RegExp(`^${scenario}  .* 0  +\\d+`, "m"));
  }
  assert.match(stdout, /^1 ✓ 30 calls/m);
  assert.match(stdout, /^5 ✓ .*all clients made their calls/m);
  assert.ok(!stdout.includes("\x1b"), "a pipe gets plain lines");
  const page = await Deno.readTextFile(`${home.workingDirectory}/report.html`);
  assert.match(page, /<\/html>/);
});

Deno.test("the demo says what fell short, and exits 1, when its server is killed under it", async () => {
  await using home = await RpcHome.create();
  const demo = home.start(["demo", "--calls", "1000"]);
  const [, pid] = await demo.line(/server 1 joins at \S+ \(pid (\d+)\)/);
  await demo.line(/scenario 1:/);
  Deno.kill(Number(pid), "SIGKILL");
  await demo.line(/server 1 died, and nobody had asked for it/);
  assert.equal(await demo.ended(), 1, demo.describe());
  assert.match(demo.stdout, /1 ✗ fell short: \d+ of \d+ calls failed/);
  assert.match(demo.stdout, /3 ✗ fell short: could not be played/);
  assert.match(demo.stdout, /^Fell short in scenario 1, /m);
});

/** When Ctrl-C comes: while the first server starts, or clients do, in a scenario, twice in one. */
const moments = [
  {
    when: "its first server starts",
    isThere: (names: string[]) => names.some((name) => name.endsWith(".txt")),
    times: 1,
  },
  { when: "its first client starts", line: /server 1 joins/, times: 1 },
  { when: "four clients call", line: /scenario 2:/, times: 1 },
  { when: "four clients call, and again at once", line: /scenario 2:/, times: 2 },
];

for (const { when, isThere, line, times } of moments) {
  Deno.test({
    ...skippedIf(
      onWindows,
      `Ctrl-C while ${when} leaves no process, no directory and no half report`,
    ),
    async fn() {
      await using home = await RpcHome.create();
      const temporary = `${home.workingDirectory}/tmp`;
      Deno.mkdirSync(temporary);
      // More than are made before the signal comes.
      const args = ["demo", "--calls", "30", "--html", "report.html"];
      const demo = home.start(args, { env: { TMPDIR: temporary } });
      if (line !== undefined) await demo.line(line);
      else {
        await waitFor("its directory", () => {
          const own = filesIn(temporary).find((name) => name.startsWith("rpc-demo-"));
          return own !== undefined && isThere?.(filesIn(`${temporary}/${own}`)) === true;
        });
      }
      const started = (await processTable()).filter(({ parentPid }) => parentPid === demo.pid);
      for (let i = 0; i < times; i++) demo.signal("SIGINT");
      assert.equal(await demo.ended(), 130, demo.describe());
      const pids = new Set(started.map(({ pid }) => pid));
      await waitFor("what it started to end", async () => {
        return !(await processTable()).some(({ pid }) => pids.has(pid));
      });
      assert.deepEqual([...Deno.readDirSync(temporary)], []);
      assert.ok(!filesIn(home.workingDirectory).includes("report.html"));
    },
  });
}

function filesIn(path: string): string[] {
  return [...Deno.readDirSync(path)].map(({ name }) => name);
}

Deno.test({
  ...skippedIf(onWindows, "a demo that is killed leaves no process"),
  async fn() {
    await using home = await RpcHome.create();
    const demo = home.start(["demo", "--calls", "1000"], {
      env: { TMPDIR: home.workingDirectory },
    });
    await demo.line(/scenario 1/);
    const started = (await processTable()).filter(({ parentPid }) => parentPid === demo.pid);
    assert.ok(started.length > 0);
    await demo.kill();
    const pids = new Set(started.map(({ pid }) => pid));
    await waitFor("what it started to end", async () => {
      return !(await processTable()).some(({ pid }) => pids.has(pid));
    });
  },
});

Deno.test({
  ...skippedIf(notLinux, "the processes of a demo hold no pipe to it, of which Windows has few"),
  async fn() {
    await using home = await RpcHome.create();
    const demo = home.start(["demo", "--calls", "1000"], {
      env: { TMPDIR: home.workingDirectory },
    });
    await demo.line(/scenario 1/);
    const started = (await processTable()).filter(({ parentPid }) => parentPid === demo.pid);
    assert.ok(started.length >= 2, demo.describe());
    for (const { pid } of started) {
      const targets = [0, 1, 2].map((fd) => Deno.readLinkSync(`/proc/${pid}/fd/${fd}`));
      assert.deepEqual(targets.slice(0, 2), ["/dev/null", "/dev/null"]);
      assert.match(targets[2] ?? "", /rpc-demo-.*\.txt$/);
    }
    demo.signal("SIGINT");
    assert.equal(await demo.ended(), 130, demo.describe());
  },
});

Deno.test("a demo shows what a server complained of that could not start", async () => {
  await using home = await RpcHome.create();
  // Of what a demo itself does not look at.
  const { code, stderr } = await home.run(["demo"], { env: { RPC_QUEUE_MAX: "nonsense" } });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /Cannot start a server: exit code \d+: .*nonsense/);
});

Deno.test("demo-client without a demo says that it is a part of one", async () => {
  await using home = await RpcHome.create();
  const { code, stderr } = await home.run(["demo-client"]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /see rpc demo/);
});
