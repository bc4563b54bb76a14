import assert from "node:assert/strict";
import {
  callMatcher,
  formatRights,
  machineRights,
  ownerRights,
  parseRights,
  rightsOfUris,
  rightUris,
} from "../../src/keys/rights.ts";

Deno.test("rights are the same after they went through a certificate's URIs", () => {
  for (
    const text of ["read", "read,call:*", "read,call:fib*,call:ping,serve", "read,call:*,admin"]
  ) {
    assert.equal(formatRights(rightsOfUris(rightUris(parseRights(text)))), text);
  }
});

Deno.test("call alone is any method, any right lets read, and admin may call all", () => {
  assert.deepEqual(parseRights("call"), { call: ["*"], serve: false, admin: false, read: true });
  assert.equal(callMatcher(parseRights("call:fib*"))("fibonacci"), true);
  assert.equal(callMatcher(parseRights("call:fib*"))("ping"), false);
  assert.equal(callMatcher(parseRights("read"))("ping"), false);
  assert.equal(callMatcher(parseRights("admin"))("ping"), true);
});

Deno.test("what is no right is refused where it is written, and gives none where it is read", () => {
  for (
    const text of [
      "",
      "read,,call",
      "read,",
      ",read",
      "read, ,call",
      "root",
      "call:a b",
      "call:x\nserve",
      "Serve",
      "call:",
    ]
  ) {
    assert.throws(() => parseRights(text), /there are read, call/, text);
  }
  const none = { call: [], serve: false, admin: false, read: false };
  assert.deepEqual(
    rightsOfUris(["https://example.com", "urn:rpc:right:root", "urn:rpc:serve"]),
    none,
  );
});

Deno.test("a machine that joins may serve and call, and only the cluster's first one administers", () => {
  assert.equal(formatRights(machineRights), "read,call:*,serve");
  assert.equal(formatRights(ownerRights), "read,call:*,serve,admin");
});
