import assert from "node:assert/strict";
import { readStats } from "../../../src/wire/reports/stats.ts";

Deno.test("what every server must tell of its state is enough (P-32)", () => {
  const told = { connections: 1, inFlight: 2, queued: 3, draining: false, uptimeMs: 4, more: [] };
  const { more: _, ...known } = told;
  assert.deepEqual(readStats(told), {
    ...known,
    service: "",
    version: "",
    workers: { size: 0, busy: 0, restarts: 0 },
    methods: {},
  });
});

Deno.test("what is no state is told in a sentence", () => {
  const told = { connections: 1, inFlight: 2, queued: 3, draining: "yes", uptimeMs: 4 };
  assert.throws(() => readStats(told), {
    name: "InternalError",
    message: /^Cannot read what it tells of its state: draining: [^\n{]+$/,
  });
  for (const answer of [undefined, null, "x", [], { toString: 1, length: { toString: 1 } }]) {
    assert.throws(() => readStats(answer), /^InternalError: Cannot read what it tells/);
  }
});
