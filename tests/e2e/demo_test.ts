import assert from "node:assert/strict";
import { processTable } from "../support/process_table.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";

/** What depends on how busy the machine is, and not on the program. */
const aboutSpeed = /times the calls a second|of the speed that one had alone/;

Deno.test("the demo plays all five scenarios without an error, compares them, and writes its page", async () => {
  await using home = await RpcHome.create();
  const { code, stdout, stderr, lines } = await home.run(
    ["demo", "--calls", "40", "--html", "report.html"],
    { timeoutMs: 240_000 },
  );
  const short = lines.filter((line) => line.includes("✗ fell short"));
  assert.deepEqual(short.filter((line) => !aboutSpeed.test(line)), [], stdout + stderr);
  assert.equal(code, short.length === 0 ? 0 : 1, stdout + stderr);
  for (const scenario of [1, 2, 3, 4, 5]) {
    assert.match(stdout, new RegExp(`^ *[\\d.]+ s  scenario ${scenario}: `, "m"));
    assert.match(stdout, new RegExp(`^${scenario}  .* 0  +\\d+%`, "m"));
  }
  assert.match(stdout, /the client made 120 of 120 calls/);
  assert.match(stdout, /the 4 clients made 480 of 480 calls/);
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

Deno.test({
  name: "Ctrl-C ends the demo and all that it has started",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using home = await RpcHome.create();
    const demo = home.start(["demo", "--calls", "1000"]);
    const [, pid] = await demo.line(/server 1 joins at \S+ \(pid (\d+)\)/);
    await demo.line(/scenario 1:/);
    demo.signal("SIGINT");
    assert.equal(await demo.ended(), 130, demo.describe());
    await waitFor("the server's end", () => !isRunning(Number(pid)));
  },
});

function isRunning(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "a demo that is killed leaves no process",
  ignore: Deno.build.os === "windows",
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
  name: "the processes of a demo hold no pipe to it, of which Windows has few",
  ignore: Deno.build.os !== "linux",
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
  const { code, stderr } = await home.run(["demo", "--registry", "nonsense://x"]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /Cannot start a server: exit code \d+: .*nonsense/);
});

Deno.test("demo-client without a demo says that it is a part of one", async () => {
  await using home = await RpcHome.create();
  const { code, stderr } = await home.run(["demo-client"]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /see rpc demo/);
});
