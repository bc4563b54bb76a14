import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { guardedLogger, guardedTracer } from "../../src/library/guarded.ts";

const call = {
  side: "client",
  method: "f",
  service: "s",
  traceparent: "00-aa-bb-01",
} as const;

Deno.test("a log that throws, or rejects, is nobody's failure but its own", async () => {
  const told: unknown[][] = [];
  const broken = (...line: unknown[]) => {
    told.push(line);
    throw new Error("the log is broken");
  };
  const late = (...line: unknown[]) => {
    told.push(line);
    return Promise.reject(new Error("the log is broken"));
  };
  const log = guardedLogger({ debug: broken, info: late, warn: broken, error: late });
  for (const level of ["debug", "info", "warn", "error"] as const) log[level](level, { n: 1 });
  // An unhandled rejection would fail this test.
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(told, ["debug", "info", "warn", "error"].map((level) => [level, { n: 1 }]));
});

Deno.test("a tracer that throws costs the span, and neither the call nor its trace", () => {
  const thrown = () => {
    throw new Error("the tracer is broken");
  };
  const end = { error: new RpcError("Cancelled", "x"), server: undefined };
  const none = guardedTracer({ start: thrown });
  assert.equal(none?.start(call).traceparent, call.traceparent);
  none?.start(call).end(end);
  const odd = guardedTracer({ start: () => undefined as never });
  assert.equal(odd?.start(call).traceparent, call.traceparent);
  const half = guardedTracer({ start: () => ({ traceparent: "00-cc-dd-01", end: thrown }) });
  assert.equal(half?.start(call).traceparent, "00-cc-dd-01");
  half?.start(call).end(end);
  assert.equal(guardedTracer(undefined), undefined);
});
