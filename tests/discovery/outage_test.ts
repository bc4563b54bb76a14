import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { Outage } from "../../src/discovery/outage.ts";

Deno.test("an outage is told of once, the next one again, and none after the end", () => {
  const told: string[] = [];
  const outage = new Outage(({ message }) => told.push(message));
  const fail = (message: string) => outage.failed(new RpcError("Unavailable", message));
  fail("one");
  fail("still one");
  outage.recovered();
  outage.recovered();
  fail("two");
  outage.close();
  outage.recovered();
  fail("three");
  assert.deepEqual(told, ["one", "two"]);
});
