import assert from "node:assert/strict";
import { wordsOf } from "../../src/cli/syntax/words.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";

/** The input of so many lines, which are their own numbers. */
function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i + 1}\n`).join("");
}

function pongs(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `"pong ${i + 1}"`);
}

Deno.test("a line of params a call, results in the order of the lines, failures by number and in a file", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const path = `${home.workingDirectory}/jobs.ndjson`;
  await Deno.writeTextFile(path, '[1]\n{"index":2}\n\n3\r\nnope\n"x"\n[4]');
  const args = ["call", "ping", "--input", "jobs.ndjson", "-c", "3", "--failed", "failed.ndjson"];
  const { code, lines, stderr } = await home.run(args);
  assert.equal(code, 1);
  assert.deepEqual(lines, ['"pong 1"', '"pong 2"', '"pong 3"', '"pong 4"']);
  assert.match(stderr, /^rpc: line 5 failed: InvalidParams: it is not JSON/m);
  assert.match(stderr, /^rpc: line 6 failed.*: InvalidParams: .*index must be/m);
  assert.match(stderr, /^rpc: 2 of 6 lines failed; 2 of them are in failed.ndjson$/m);
  const failed = `${home.workingDirectory}/failed.ndjson`;
  assert.equal(await Deno.readTextFile(failed), 'nope\n"x"\n');

  // Mended, they can be run again; the file of those that fail is made anew.
  await Deno.writeTextFile(path, "5\nnope\n");
  assert.match((await home.run(args)).stderr, /^rpc: 1 of 2 lines failed; 1 of them is in failed/m);
  await Deno.writeTextFile(path, "5\n6\n");
  const again = await home.run(args);
  assert.deepEqual([again.code, again.lines], [0, ['"pong 5"', '"pong 6"']]);
  assert.equal(await Deno.readTextFile(failed), "");
});

Deno.test("stdin is an input, --json tells each line's number, --unordered prints as they come", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  const json = await home.run(["call", "ping", "--input", "-", "--json"], { stdin: "7\n\n{\n" });
  assert.equal(json.code, 1);
  const [first, second] = json.lines.map((line) => JSON.parse(line));
  assert.deepEqual([first.line, first.result], [1, "pong 7"]);
  assert.deepEqual([second.line, second.error.name], [3, "InvalidParams"]);
  const args = ["call", "ping", "-i", "-", "-c", "8", "--unordered"];
  const { code, lines } = await home.run(args, { stdin: numbers(500) });
  assert.equal(code, 0);
  assert.deepEqual(lines.toSorted(), pongs(500).toSorted());
});

Deno.test("what does not go with --input is said, and costs nothing", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/in`, "1\n");
  const cases: [string[], RegExp][] = [
    [["1", "--input", "in"], /arguments with --input/],
    [["--input", "in", "--repeat", "2"], /Cannot use --repeat/],
    [["--input", "no_such_file"], /Cannot read --input no_such_file/],
    [["--input", "in", "--failed", "./in"], /they are read from there/],
    [["--input", "in", "--html", "./in"], /to \.\/in: that is the file of --input/],
    [["--input", "in", "--failed", "out", "--html", "out"], /that is the file of --failed/],
    [["--failed", "x"], /need --input/],
  ];
  for (const [args, why] of cases) {
    const { code, stderr } = await home.run(["call", "ping", ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
  }
  assert.equal(await Deno.readTextFile(`${home.workingDirectory}/in`), "1\n");
});

Deno.test("without a server, or where none offers the method, it stops and says where", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(100_000));
  const nobody = await home.run(["call", "ping", "--input", "in", "-c", "4"]);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /^rpc: lines 1 to 4 have not run: Unavailable: No server of service/);
  assert.match(nobody.stderr, /\nrpc: stopped \(there is no server\) before the first line\n$/);
  await home.serve();
  const unknown = await home.run(["call", "pong", "--input", "in", "--failed", "failed"]);
  assert.equal(unknown.code, 1);
  assert.match(
    unknown.stderr,
    /stopped \(no server offers the method\) after line 1: .*--input in --skip 1 .*--failed failed --timeout 2m$/m,
  );
  assert.equal(await Deno.readTextFile(`${home.workingDirectory}/failed`), "1\n");
});

Deno.test("the line that a stopped input tells goes on behind it, and keeps the lines that failed", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  await Deno.writeTextFile(`${home.workingDirectory}/my jobs`, numbers(4));
  const args = ["call", "it's", "--input", "my jobs", "--failed", "failed ones", "-t", "1m"];
  for (let skip = 1; skip <= 4; skip++) {
    const { stderr } = await home.run(args);
    const told = /go on with: rpc (.*)$/m.exec(stderr)?.[1] ?? "";
    args.splice(0, args.length, ...wordsOf(told));
    assert.deepEqual(args.slice(0, 6), ["call", "it's", "--input", "my jobs", "--skip", `${skip}`]);
  }
  const failed = await Deno.readTextFile(`${home.workingDirectory}/failed ones`);
  assert.equal(failed, numbers(4));
});

Deno.test("an input of which nothing is left says so, and is no failure", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(2));
  const call = ["call", "ping", "--input"];
  const past = await home.run([...call, "in", "--skip", "3"]);
  assert.equal(past.code, 0);
  assert.match(past.stderr, /^rpc: no call was made: --skip 3 leaves out all lines of in$/m);
  const empty = await home.run([...call, "-"], { stdin: "\n" });
  assert.equal(empty.code, 0);
  assert.match(empty.stderr, /^rpc: no call was made: stdin is empty$/m);
});

/** Lines that are answered at once; those behind them wait until they are let go. */
const freeCount = 100;

/** A run of lines of which as many as may be under way have begun, and wait. */
async function heldRun(home: RpcHome, serverCount: number) {
  const directory = home.workingDirectory;
  const numbersOfServers = Array.from({ length: serverCount }, (_, i) => i);
  for (const number of numbersOfServers) {
    await Deno.writeTextFile(`${directory}/begun${number}`, "");
    await Deno.writeTextFile(
      `${directory}/held${number}.ts`,
      `import { defineProcedure, z } from "rpc";
      export const held = defineProcedure({
        input: z.object({ i: z.int() }), output: z.string(),
        ...{ kind: "io", idempotent: true, description: "" },
      }, async ({ i }) => {
        if (i > ${freeCount}) {
          await Deno.writeTextFile("begun${number}", "x", { append: true });
          while (await Deno.stat("go").catch(() => undefined) === undefined) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
        return "pong " + i;
      });`,
    );
  }
  const count = 2 * freeCount;
  const concurrency = 16;
  await Deno.writeTextFile(`${directory}/in`, numbers(count));
  const serve = (number: number) => home.serve(["127.0.0.1", "0", `held${number}.ts`]);
  /** Calls that have begun and wait, or were lost, by server. */
  const begun = () =>
    numbersOfServers.map((number) => Deno.readTextFileSync(`${directory}/begun${number}`).length);
  const haveBegun = (least: number) =>
    waitFor(
      () => `${least} begun calls: ${begun()}`,
      () => begun().reduce((sum, one) => sum + one) >= least,
    );
  const servers = await Promise.all(numbersOfServers.map(serve));
  const args = ["--input", "in", "-c", `${concurrency}`, "--failed", "failed", "-t", "10m"];
  const run = home.start(["call", "held", ...args]);
  await haveBegun(concurrency);
  await waitFor("the first results", () => run.lines.length === freeCount);
  return {
    servers,
    begun,
    haveBegun,
    concurrency,
    async endsWell() {
      // Longer than the client by itself waits for a server.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await Deno.writeTextFile(`${directory}/go`, "");
      await serve(0);
      assert.equal(await run.ended(300_000), 0, run.describe());
      assert.deepEqual(run.lines, pongs(count));
      assert.equal(await Deno.readTextFile(`${directory}/failed`), "");
    },
  };
}

Deno.test("killing servers during it loses no line, also when all are gone for a while", async () => {
  await using home = await RpcHome.create();
  const { servers, begun, haveBegun, concurrency, endsWell } = await heldRun(home, 2);
  // One that has calls, whichever that is.
  const victim = begun().findIndex((calls) => calls > 0);
  await servers[victim]?.kill();
  // What that one had is under way at the other.
  await haveBegun(concurrency + 1);
  await servers[1 - victim]?.kill();
  await endsWell();
});

Deno.test("killing the only server there ever was loses no line of an idempotent procedure", async () => {
  await using home = await RpcHome.create();
  const { servers, endsWell } = await heldRun(home, 1);
  await servers[0]?.kill();
  await endsWell();
});

Deno.test("a line that may have run is not run again, but told and kept", async () => {
  await using home = await RpcHome.create();
  const executed = `${home.workingDirectory}/executed`;
  await Deno.writeTextFile(
    `${home.workingDirectory}/pay.ts`,
    `export async function pay(i: number) {
      await Deno.writeTextFile(${JSON.stringify(executed)}, i + "\\n", { append: true });
      await new Promise((resolve) => setTimeout(resolve, 5));
      return i;
    }`,
  );
  const args = ["127.0.0.1", "0", "pay.ts"];
  const servers = [await home.serve(args), await home.serve(args)];
  const count = 400;
  await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(count));
  const run = home.start(["call", "pay", "--input", "in", "-c", "4", "--failed", "failed"]);
  await waitFor("the first results", () => run.lines.length > 20);
  await servers[0]?.kill();
  const code = await run.ended();
  const failed = (await Deno.readTextFile(`${home.workingDirectory}/failed`)).split("\n").slice(
    0,
    -1,
  );
  assert.equal(code, failed.length === 0 ? 0 : 1);
  assert.ok(failed.length <= 4);
  const all = [...run.lines, ...failed].map(Number).sort((a, b) => a - b);
  assert.deepEqual(all, Array.from({ length: count }, (_, i) => i + 1));
  const ran = (await Deno.readTextFile(executed)).split("\n").slice(0, -1);
  assert.equal(new Set(ran).size, ran.length, "a line ran twice");
});

signalTest("Ctrl-C finishes what runs, and says where it stopped", async () => {
  await using home = await RpcHome.create();
  await home.serve();
  await Deno.writeTextFile(`${home.workingDirectory}/in`, numbers(1_000_000));
  const run = home.start(["call", "ping", "--input", "in", "-c", "16"]);
  await waitFor("the first results", () => run.lines.length > 100);
  run.signal("SIGINT");
  assert.equal(await run.ended(), 130);
  const stopped = /stopped \(interrupted\) after line (\d+): .*--input in --skip (\d+)/.exec(
    run.stderr,
  );
  const last = Number(stopped?.[1]);
  assert.ok(last > 100 && last < 1_000_000, run.stderr);
  assert.equal(Number(stopped?.[2]), last);
  assert.deepEqual(run.lines, pongs(last));
});
