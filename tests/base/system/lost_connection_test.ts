import assert from "node:assert/strict";
import { isLostConnection } from "../../../src/base/system/lost_connection.ts";

Deno.test("isLostConnection() tells a peer that has gone from what ails the listener", () => {
  assert.ok(isLostConnection(new Deno.errors.NotConnected()));
  assert.ok(isLostConnection(new Deno.errors.ConnectionReset()));
  assert.ok(!isLostConnection(new Deno.errors.BadResource()));
  assert.ok(!isLostConnection(new Error("Too many open files (os error 24)")));
});
