import assert from "node:assert/strict";
import { registryTests } from "./registries.ts";

const test = registryTests();

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

test("two servers answer a hundred calls, and the summary names both", async (home) => {
  const [one, other] = await Promise.all([home.serve(), home.serve()]);
  const calls = ["call", "fib", "25", "--repeat", "100", "--timeout", "5m"];
  const { code, stdout, stderr } = await home.run(calls, { timeoutMs: 300_000 });
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "75025\n".repeat(100));
  assert.match(stderr, /\b100 calls, 0 errors, [\d.]+ s, [\d.]+ calls\/s/);
  assert.match(stderr, /\bp50 .*\bp90 .*\bp99 /s);
  for (const { address } of [one, other]) {
    assert.match(stderr, new RegExp(`^\\s*${address}\\s+\\d+`, "m"));
  }
});

test("results come in the order of the calls, however many are under way", async (home) => {
  await Promise.all([home.serve(), home.serve()]);
  const pongs = range(100).map((i) => `"pong ${i}"`);
  for (const flags of [[], ["--concurrency", "16"]]) {
    const { code, lines, stderr } = await home.run(
      ["call", "ping", "{i}", "--repeat", "100", ...flags],
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(lines, pongs);
  }
  // Long calls before short ones: they end in another order.
  const bySize = await home.run(
    ["call", "pi", "{i}", "--repeat", "40", "--concurrency", "40", "--json"],
  );
  assert.deepEqual(bySize.lines.map((line) => JSON.parse(line).i), range(40));
});
