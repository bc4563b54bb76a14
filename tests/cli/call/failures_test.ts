import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { TooLongError } from "../../../src/wire/message_bound.ts";
import { errorJson, Failures } from "../../../src/cli/call/failures.ts";
import type { CallFlags } from "../../../src/cli/call/flags.ts";
import type { Job } from "../../../src/cli/call/job.ts";

/** What is told of a call that failed. */
function told(error: RpcError): string {
  const lines: string[] = [];
  const flags = { verbose: false } as CallFlags;
  const failures = new Failures({ method: "fib", flags, tell: (line) => lines.push(line) });
  failures.add({ number: 1, params: [1], lateMs: 0, line: undefined }, error, "10.0.0.1:6666");
  return lines.join("\n").replace("rpc: call fib(1) failed at 10.0.0.1:6666: ", "");
}

function issues(count: number) {
  return Array.from({ length: count }, (_, i) => ({ path: [i], message: "must be an integer" }));
}

Deno.test("issues are told in place of their number, each once, and only the rest is counted", () => {
  const failure = (count: number, message: string) =>
    told(new RpcError("InvalidParams", message, { issues: issues(count) }));
  assert.equal(
    failure(2, "Cannot call fib: n must be an integer (and 1 more issue)"),
    "InvalidParams: Cannot call fib: n must be an integer, parameter 2 must be an integer; " +
      "see: rpc methods fib",
  );
  assert.match(
    failure(7, "Cannot call fib: x (and 6 more issues)"),
    /parameter 6 .*\(and 1 more issue\);/,
  );
  assert.match(failure(9, "Cannot call fib: x (and 8 more issues)"), /\(and 3 more issues\);/);
  // A worker in Python tells all of them in its message.
  assert.equal(
    failure(2, "Cannot call fib: n is missing; m is missing"),
    "InvalidParams: Cannot call fib: n is missing; m is missing; see: rpc methods fib",
  );
});

/** A job of this number. */
function job(number: number, params: Job["params"] = [number]): Job {
  return { number, params, lateMs: 0, line: undefined };
}

Deno.test("of very many failures the first are told, of an input's lines more, and it is said once", () => {
  for (const [input, most] of [[undefined, 10], ["jobs.ndjson", 1_000]] as const) {
    const lines: string[] = [];
    const flags = { input, repeat: input === undefined ? 2_000 : undefined } as CallFlags;
    const failures = new Failures({ method: "fib", flags, tell: (line) => lines.push(line) });
    const error = new RpcError("Overloaded", "Full");
    for (let number = 1; number <= 2_000; number++) failures.add(job(number), error, undefined);
    assert.equal(failures.count, 2_000);
    assert.deepEqual(
      [lines[1], lines.at(-2), lines.at(-1), lines.length],
      input === undefined
        ? [
          "rpc: call 2 fib(2) failed: Overloaded: Full; lower --concurrency, or start another server",
          "rpc: call 10 fib(10) failed: Overloaded: Full; lower --concurrency, or start another server",
          "rpc: further failures are only counted",
          most + 1,
        ]
        : [
          "rpc: line 2 failed: Overloaded: Full",
          "rpc: line 1000 failed: Overloaded: Full",
          "rpc: further failures are only counted",
          most + 1,
        ],
    );
  }
});

Deno.test("lines that have not run are told by their numbers, and a call without parameters by its method", () => {
  const lines: string[] = [];
  const tell = (line: string) => lines.push(line);
  const error = new RpcError("Cancelled", "Stopped");
  const failures = new Failures({ method: "fib", flags: {} as CallFlags, tell });
  const [first, last] = [job(3), job(7)];
  failures.notRun(first, first, error);
  failures.notRun(first, last, error);
  failures.add(job(1, error), error, undefined);
  for (const flags of [{ repeat: 5 }, { duration: 5 }, { rate: 5 }] as unknown as CallFlags[]) {
    new Failures({ method: "fib", flags, tell }).add(job(4), error, undefined);
  }
  assert.deepEqual(lines, [
    "rpc: line 3 has not run: Cancelled: Stopped",
    "rpc: lines 3 to 7 have not run: Cancelled: Stopped",
    "rpc: call fib failed: Cancelled: Stopped",
    ...Array(3).fill("rpc: call 4 fib(4) failed: Cancelled: Stopped"),
  ]);
});

Deno.test("who had too little time is told of the flag that gives more, unless the server gives no more", () => {
  const failure = (message: string) => told(new RpcError("DeadlineExceeded", message));
  assert.match(failure("Not within 1 s"), /; allow it more time with --timeout <time>$/);
  assert.match(failure("Not within 1 s (--call-timeout-max)"), /\(--call-timeout-max\)$/);
});

Deno.test("of a call that is too long no method's parameters tell more", () => {
  const error = new TooLongError("InvalidParams", "It is", 9, { bytes: 8, whose: "of all" });
  assert.equal(told(error), "InvalidParams: It is 9 bytes long, and 8 is the most of all");
});

Deno.test("a method that is not there is told with the command that lists them", () => {
  const failure = (message: string) => told(new RpcError("MethodNotFound", message));
  assert.equal(
    failure('No method "zzz" (rpc.discover lists them)'),
    'MethodNotFound: No method "zzz" (list them: rpc methods)',
  );
  assert.equal(
    failure('No method "fbi": did you mean fib?'),
    'MethodNotFound: No method "fbi": did you mean fib?',
  );
  assert.equal(
    failure("method not found"),
    "MethodNotFound: method not found; list them: rpc methods",
  );
});

Deno.test("what looks like JSON and was sent as a text is named where the parameters do not fit", () => {
  const lines: string[] = [];
  const flags = {} as CallFlags;
  const failures = new Failures({ method: "fib", flags, tell: (line) => lines.push(line) });
  const error = new RpcError("InvalidParams", "Cannot call fib: n must be an object");
  const long = `{${"n".repeat(1_000)}}`;
  for (const params of [["{'n': 1}"], { n: "[a]" }, [long], ["{"], ["'[1]'"], ["a{"], [{ n: 1 }]]) {
    failures.add({ number: 1, params, lateMs: 0, line: undefined }, error, undefined);
  }
  const [single, named, cut, part, quoted, ...others] = lines.map((line) =>
    line.split("see: rpc methods fib")[1]
  );
  assert.match(
    single ?? "",
    /^; "\{'n': 1\}" was sent as a text, .* its quotes are double, .*needs none$/,
  );
  assert.match(named ?? "", /^; "\[a\]" was sent as a text/);
  assert.match(cut ?? "", /^; "\{n{55}\.\.\. was sent as a text/);
  assert.match(part ?? "", /^; "\{" was sent as a text/);
  assert.match(quoted ?? "", /^; "'\[1\]'" was sent as a text/);
  assert.deepEqual(others, ["", ""]);
});

Deno.test("of parameters that are cut no half of a password is left, nor one in a stack", () => {
  const url = `zookeeper://me:${"hunter2-".repeat(10)}@127.0.0.1:1`;
  const lines: string[] = [];
  const flags = { verbose: true } as CallFlags;
  const failures = new Failures({ method: "fib", flags, tell: (line) => lines.push(line) });
  const error = new RpcError("DeadlineExceeded", `No answer to ${url} within 1 ms`);
  failures.add({ number: 1, params: [url], lateMs: 0, line: undefined }, error, undefined);
  assert.match(lines[0] ?? "", /fib\("zookeeper:\/\/me:\*\*\*@127/);
  assert.ok(lines.length > 1 && !lines.join("\n").includes("hunter2"), lines.join("\n"));
  assert.ok(!JSON.stringify(errorJson(error)).includes("hunter2"));
});
