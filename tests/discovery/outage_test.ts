import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { Outage } from "../../src/discovery/outage.ts";

Deno.test("an outage and its end are told of once, the next again, and none when closed", () => {
  const told: string[] = [];
  const outage = new Outage(({ message }) => told.push(message), () => told.push("over"));
  const fail = (message: string) => outage.failed(new RpcError("Unavailable", message));
  fail("one");
  fail("still one");
  outage.recovered();
  outage.recovered();
  fail("two");
  outage.passing();
  fail("other words");
  // A server that ends each connection: it goes on failing in the same way.
  outage.passing();
  fail("other words");
  outage.passing();
  outage.recovered();
  fail("three");
  outage.close();
  outage.passing();
  outage.recovered();
  fail("four");
  assert.deepEqual(told, ["one", "over", "two", "other words", "over", "three"]);
});
