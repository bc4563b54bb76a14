import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { CallSummary, type SummaryFacts } from "../../../src/cli/call/summary.ts";

const facts: SummaryFacts = {
  elapsedMs: 2_000,
  stats: { retries: 3, ejections: 1, connected: 2, reached: true },
  rate: undefined,
  isInterrupted: false,
};

function report(durationMs: number, server: string, error?: RpcError) {
  return { result: 1, error, server, attempts: 1, durationMs };
}

function filled(): CallSummary {
  const summary = new CallSummary();
  for (let ms = 1; ms <= 98; ms++) summary.add(report(ms, ms % 2 === 0 ? "a:1" : "bb:22"));
  summary.add(report(500, "a:1", new RpcError("DeadlineExceeded", "Too late")));
  summary.add(report(600, "a:1", new RpcError("DeadlineExceeded", "Much too late")));
  return summary;
}

Deno.test("the text tells count, errors, time, rate, latencies, servers, failures and retries", () => {
  const text = filled().text(facts);
  assert.match(text, /^100 calls, 2 errors \(DeadlineExceeded 2\), 2\.000 s, 50\.0 calls\/s$/m);
  assert.match(text, /^latency p50 \S+ ms, p90 \S+ ms, p99 \S+ ms, p99\.9 \S+ ms$/m);
  assert.match(text, /^ {2}fastest 1\.00 ms, average \S+ ms, slowest 600 ms$/m);
  assert.equal(text.match(/^ {2}≤ /gm)?.length, 10);
  assert.match(text, /^calls per server:\n {2}a:1 {4}49 \(50 %\)\n {2}bb:22 {2}49 \(50 %\)$/m);
  assert.match(text, /^failures:\n {2}DeadlineExceeded {2}2, the first: Too late$/m);
  assert.match(text, /^3 retries, 1 ejection$/m);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});

Deno.test("the bars fit a narrow terminal, and are no longer on a wide one", () => {
  const longest = (columns: number) => {
    const bars = filled().text(facts, columns).split("\n").filter((line) => line.includes("■"));
    return Math.max(...bars.map((line) => line.length));
  };
  assert.equal(longest(40), 40);
  assert.equal(longest(200), longest(80));
  assert.ok(longest(1) < 40);
});

Deno.test("the first of the failures is told without the secrets that it quotes", () => {
  const summary = new CallSummary();
  // As long that it would be cut ahead of the @ by which it is known.
  const url = `zookeeper://me:${"hunter2-".repeat(30)}@127.0.0.1:1`;
  summary.add(report(1, "a:1", new RpcError("DeadlineExceeded", `No answer to ${url}`)));
  assert.match(summary.text(facts), /the first: No answer to zookeeper:\/\/me:\*\*\*@127/);
  assert.ok(![...summary.errors].some(([, { message }]) => message.includes("hunter2")));
});

Deno.test("a message that is too long is cut, and one of just that length is whole", () => {
  for (const [length, told] of [[160, "x".repeat(160)], [161, `${"x".repeat(157)}...`]] as const) {
    const summary = new CallSummary();
    summary.add(report(1, "a:1", new RpcError("Overloaded", "x".repeat(length))));
    assert.match(
      summary.text(facts),
      new RegExp(`the first: ${told.replaceAll(".", "\\.")}$`, "m"),
    );
  }
});

Deno.test("the JSON holds the same, as one object on one line", () => {
  const line = filled().json({ ...facts, rate: 100, isInterrupted: true });
  assert.ok(!line.includes("\n"));
  const summary = JSON.parse(line);
  assert.equal(summary.calls, 100);
  assert.equal(summary.errors, 2);
  assert.equal(summary.callsPerSecond, 50);
  assert.equal(summary.interrupted, true);
  assert.equal(summary.rate, 100);
  assert.ok(Math.abs(summary.latencyMs.p50 - 50) < 1);
  assert.ok(Math.abs(summary.latencyMs["p99.9"] - 600) < 6);
  assert.deepEqual(summary.failures, { DeadlineExceeded: 2 });
  assert.deepEqual(summary.servers, { "a:1": 49, "bb:22": 49 });
  assert.deepEqual([summary.retries, summary.ejections], [3, 1]);
  assert.deepEqual(
    Object.keys(summary.latencyMs),
    ["min", "mean", "max", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9"],
  );
});

Deno.test("a wait before the call was sent counts as its latency", () => {
  const summary = new CallSummary();
  summary.add(report(5, "a:1"), 95);
  assert.match(
    summary.text({ ...facts, rate: 10 }),
    /^latency p50 100 ms.*\n.*\n {2}measured from when each call was due$/m,
  );
});

Deno.test("no call at all has a summary too, and says when it was interrupted", () => {
  const text = new CallSummary().text({ ...facts, isInterrupted: true });
  assert.match(text, /^0 calls, 0 errors, 2\.000 s, 0\.00 calls\/s, interrupted$/m);
  assert.equal(JSON.parse(new CallSummary().json(facts)).calls, 0);
});
