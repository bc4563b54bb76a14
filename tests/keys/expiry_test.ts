import assert from "node:assert/strict";
import { dateProblem } from "../../src/keys/expiry.ts";

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
