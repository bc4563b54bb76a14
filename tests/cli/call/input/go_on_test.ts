import assert from "node:assert/strict";
import { callFlags } from "../../../../src/cli/call/flags.ts";
import { stopText } from "../../../../src/cli/call/input/go_on.ts";
import { command } from "../../../../src/cli/commands/call.ts";
import { parseArguments } from "../../../../src/cli/syntax/parse.ts";
import { wordsOf } from "../../../../src/cli/syntax/words.ts";

const end = {
  done: 5,
  failed: 0,
  stoppedBecause: "interrupted",
  writeProblem: undefined,
  lastRun: 7,
  lost: [],
};

/** What the line that a stopped command tells comes to. */
function toldBy(args: string[], environment: Record<string, string> = {}) {
  const { flags: given, positionals: [method = ""] } = parseArguments(command, args);
  const input = given.get("input") ?? "";
  const text = stopText(end, {
    ...{ method, given, input, flags: callFlags, skip: Number(given.get("skip") ?? 0) },
    environment: (name) => environment[name],
    os: "linux",
  });
  const [program, name, ...words] = wordsOf(text.split("go on with: ")[1] ?? "", "linux");
  assert.deepEqual([program, name], ["rpc", "call"]);
  const { flags, positionals } = parseArguments(command, words);
  return { flags: Object.fromEntries(flags), positionals };
}

Deno.test("what a stopped input says to go on with holds all that was given, quoted", () => {
  const told = toldBy([
    ...["it's a name", "-i", 'my "jobs" of $1.ndjson', "--failed=failed lines", "-c8", "-t", "5s"],
    ...["-r", "static:127.0.0.1:1,127.0.0.1:2", "--service", "a b", "--unordered", "--no-insecure"],
  ]);
  assert.deepEqual(told, {
    flags: {
      input: 'my "jobs" of $1.ndjson',
      skip: "7",
      failed: "failed lines",
      concurrency: "8",
      timeout: "5s",
      registry: "static:127.0.0.1:1,127.0.0.1:2",
      service: "a b",
      unordered: "true",
      insecure: "false",
    },
    positionals: ["it's a name"],
  });
  assert.deepEqual(toldBy(["--input", "in", "--", "-x"]).positionals, ["-x"]);
});

Deno.test("it holds what only this command's environment says, and no password", () => {
  const secret = "zookeeper://me:secret@a:2181";
  const environment = { RPC_REGISTRY: secret, RPC_TIMEOUT: "7s", RPC_SERVICE: "jobs" };
  assert.deepEqual(toldBy(["m", "--input", "in", "--skip", "3", "-t", "1s"], environment).flags, {
    input: "in",
    skip: "7",
    timeout: "1s",
    service: "jobs",
  });
  const { flags } = toldBy(["m", "--input", "in", "--registry", secret]);
  assert.equal(flags.registry, "zookeeper://me:***@a:2181");
});

Deno.test("on Windows it tells PowerShell's line too, where that is another", () => {
  const told = (input: string) =>
    stopText(end, {
      ...{ method: "m", given: new Map(), input, flags: callFlags, skip: 0, os: "windows" },
      environment: () => undefined,
    });
  assert.match(told("my jobs"), /; go on with: rpc call m --input "my jobs" --skip 7$/);
  assert.match(
    told("$jobs"),
    /: rpc call m --input "\$jobs" --skip 7, or in PowerShell: rpc --% call m --input "\$jobs" --/,
  );
});

Deno.test("lines from stdin are to be given again, and nothing is said before the first line", () => {
  const stopped = { method: "m", flags: callFlags, given: new Map(), input: "-", skip: 0 };
  assert.match(stopText(end, stopped), /; go on with the same lines and --skip 7$/);
  assert.match(stopText({ ...end, lastRun: 0 }, stopped), /before the first line$/);
  const skipped = stopText({ ...end, lastRun: 0 }, { ...stopped, skip: 4 });
  assert.match(skipped, /before line 5; go on with the same lines and --skip 4$/);
});
