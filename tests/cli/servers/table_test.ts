import assert from "node:assert/strict";
import { linesOf } from "../../../src/cli/servers/table.ts";
import { anInstance } from "../../discovery/recorder.ts";

/** A server of which nothing is known but what is given. */
const rowOf = (known: Partial<Parameters<typeof linesOf>[0][number]> = {}) => ({
  instance: anInstance({}),
  isListed: true,
  state: "ready" as const,
  answerMs: 1,
  problem: undefined,
  validToMs: undefined,
  stats: undefined,
  callsPerSecond: undefined,
  busiest: undefined,
  ...known,
});

/** The table of that one server. */
const textOf = (known: Parameters<typeof rowOf>[0]) =>
  linesOf([rowOf(known)], { registry: "local:", service: "rpc", isStale: false }, 200).join("\n");

Deno.test("a live table takes any time and any text of an instance, and shows them plain", () => {
  const evil = "a\x1b[31m\x9b2J\nb\u202e";
  const rows = [1e300, -1, NaN, 0, 1_767_225_600_000].map((startedAtMs) =>
    rowOf({
      instance: anInstance({ startedAtMs, zone: evil, version: evil, id: evil }),
      state: undefined,
      answerMs: undefined,
    })
  );
  const title = { registry: `local:${evil}`, service: "rpc", isStale: false };
  const lines = linesOf(rows, title, 200);
  assert.equal(lines.length, 2 + 1 + rows.length);
  const text = lines.join("\n");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /\x1b\[31m|[\x80-\x9f\u202e]/);
  assert.match(text, /a\\u001b\[31m\\u009b2J\\nb/);
  assert.match(text, /2026-01-01T00:00Z/);
});

Deno.test("a server that anybody on the network may call is shown as open", () => {
  const lineOf = (fields: Parameters<typeof anInstance>[0]) =>
    textOf({ instance: anInstance(fields) });
  assert.match(lineOf({ host: "192.168.0.211" }), /open/);
  assert.doesNotMatch(lineOf({ host: "127.0.0.1" }), /open/);
  assert.doesNotMatch(lineOf({ host: "192.168.0.211", cluster: "0123456789abcdef0123" }), /open/);
});

Deno.test("how many of a server's workers are up is shown where not all are", () => {
  const lineOf = (workers: { size: number; up?: number; busy: number; restarts: number }) =>
    textOf({
      stats: {
        ...{ service: "rpc", version: "1", uptimeMs: 1, draining: false, connections: 0 },
        ...{ inFlight: 0, queued: 0, workers, methods: {} },
      },
    });
  assert.match(lineOf({ size: 8, up: 2, busy: 1, restarts: 0 }), /1\/8 \(2 up\)/);
  assert.doesNotMatch(lineOf({ size: 8, up: 8, busy: 1, restarts: 0 }), /up\)/);
  assert.doesNotMatch(lineOf({ size: 8, busy: 1, restarts: 0 }), /up\)/);
});

Deno.test("a server whose keys end soon says when, and one whose keys are good for long does not", () => {
  const lineOf = (daysLeft: number) => textOf({ validToMs: Date.now() + daysLeft * 86_400_000 });
  assert.match(lineOf(9.5), /keys end \d{4}-\d\d-\d\d/);
  assert.doesNotMatch(lineOf(300), /keys end/);
});
