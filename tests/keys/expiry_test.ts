import assert from "node:assert/strict";
import {
  dateProblem,
  endsSoon,
  expiryText,
  isToRenew,
  renewalAdvice,
} from "../../src/keys/expiry.ts";

const dayMs = 24 * 60 * 60 * 1_000;

Deno.test("clocks that differ by hours are told with the time of day", () => {
  const at = (text: string) => Date.parse(text);
  const keys = {
    validFromMs: at("2026-11-26T12:30:40Z"),
    validToMs: at("2027-12-30T12:30:40Z"),
  };
  assert.match(
    dateProblem(keys, at("2026-11-26T03:05:06Z")) ?? "",
    /clock says 2026-11-26T03:05Z, and its keys begin on 2026-11-26T12:30Z: is the clock wrong/,
  );
  assert.match(
    dateProblem(keys, at("2027-12-30T23:59:59Z")) ?? "",
    /expired on 2027-12-30T12:30Z, and its clock says 2027-12-30T23:59Z: rpc keys renew/,
  );
  assert.match(
    dateProblem(keys, at("2026-11-25T23:59:59Z")) ?? "",
    /clock says 2026-11-25, and its keys begin on 2026-11-26: is the clock wrong/,
  );
  assert.equal(dateProblem(keys, at("2027-01-01T00:00:00Z")), undefined);
});

Deno.test("a certificate is valid at its first and at its last moment", () => {
  const keys = { validFromMs: 5 * dayMs, validToMs: 9 * dayMs };
  const valid = [-1, 0, 4 * dayMs, 4 * dayMs + 1].map((ms) =>
    dateProblem(keys, keys.validFromMs + ms) === undefined
  );
  assert.deepEqual(valid, [false, true, true, false]);
});

Deno.test("days left are whole ones, and the last one's end is told", () => {
  const nowMs = Date.parse("2027-01-01T00:00:00Z");
  const texts = [-1, 0, dayMs, 2 * dayMs - 1, 42 * dayMs].map((ms) =>
    expiryText(nowMs + ms, nowMs).replace(/^[\d-]*/, "")
  );
  assert.deepEqual(texts, [
    ": it has expired",
    ", 0 days left",
    ", 1 day left",
    ", 1 day left",
    ", 42 days left",
  ]);
});

Deno.test("a certificate is renewed within its last 60 days, and told of within its last 30", () => {
  const nowMs = 1_000 * dayMs;
  const near = [60 * dayMs, 60 * dayMs - 1, 30 * dayMs, 30 * dayMs - 1, -1].map((ms) => [
    isToRenew(nowMs + ms, nowMs),
    endsSoon(nowMs + ms, nowMs),
  ]);
  assert.deepEqual(near, [[false, false], [true, false], [true, false], [true, true], [
    true,
    true,
  ]]);
  assert.match(renewalAdvice(false), /^rpc keys renew$/);
  assert.match(renewalAdvice(true), /rpc keys init/);
});
