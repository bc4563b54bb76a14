import assert from "node:assert/strict";
import { type ErrorName, RpcError } from "../../../src/base/errors.ts";
import { isRefusal, verdictOf } from "../../../src/client/endpoints/verdict.ts";

function verdictOn(name: ErrorName, executed: "no" | "maybe" | "yes", tookMs = 5): string {
  return verdictOf(new RpcError(name, "x", { executed }), { tookMs, hadMs: 100 });
}

Deno.test("a server is judged by what only it can be to blame for", () => {
  const inTime = { tookMs: 5, hadMs: 100 };
  assert.equal(verdictOf(undefined, inTime), "answered");
  assert.equal(verdictOn("InternalError", "yes"), "answered");
  assert.equal(verdictOn("WorkerLost", "yes"), "answered");
  assert.equal(verdictOn("WorkerLost", "maybe"), "failed");
  assert.equal(verdictOn("Draining", "no"), "failed");
  assert.equal(verdictOn("Overloaded", "no"), "overloaded");
  assert.equal(verdictOn("Cancelled", "maybe"), "nothing");
  assert.equal(verdictOn("PermissionDenied", "no"), "nothing");
});

Deno.test("a DeadlineExceeded tells that a server is late only near the deadline", () => {
  assert.equal(verdictOn("DeadlineExceeded", "maybe", 89), "failed");
  assert.equal(verdictOn("DeadlineExceeded", "maybe", 90), "late");
  assert.equal(verdictOn("DeadlineExceeded", "maybe", 100), "late");
});

Deno.test("who is not known or not allowed is refused, and nobody else", () => {
  assert.ok(isRefusal(new RpcError("Unauthenticated", "x")));
  assert.ok(isRefusal(new RpcError("PermissionDenied", "x")));
  assert.ok(!isRefusal(new RpcError("Unavailable", "x")));
  assert.ok(!isRefusal(Object.assign(new Error("x"), { name: "PermissionDenied" })));
});
