import assert from "node:assert/strict";
import { environmentOfSandbox } from "../../../src/workers/sandbox/environment.ts";
import type { Permissions } from "../../../src/workers/sandbox/permissions.ts";

Deno.test("a sandbox gets of the environment what is usual, and what is allowed by name or beginning", () => {
  const names = [
    "RPC_TEST_ONE",
    "RPC_TEST_OTHER",
    "RPC_TESTER",
    "LC_TEST",
    "MY_LC_TEST",
    "SSL_CERT_DIR",
  ];
  const { SSL_CERT_DIR: before } = Deno.env.toObject();
  try {
    for (const name of names) Deno.env.set(name, "x");
    const seen = (permissions: Permissions) => {
      const environment = environmentOfSandbox(permissions);
      return names.filter((name) => environment[name] === "x");
    };
    assert.deepEqual(seen({}), ["LC_TEST"]);
    assert.deepEqual(seen({ env: ["RPC_TEST_ONE"] }), ["RPC_TEST_ONE", "LC_TEST"]);
    assert.deepEqual(seen({ env: ["RPC_TEST_*"] }), ["RPC_TEST_ONE", "RPC_TEST_OTHER", "LC_TEST"]);
    assert.deepEqual(seen({ net: ["db:5432"] }), ["LC_TEST", "SSL_CERT_DIR"]);
    assert.equal(environmentOfSandbox({})["PATH"], Deno.env.get("PATH"));
  } finally {
    for (const name of names) Deno.env.delete(name);
    if (before !== undefined) Deno.env.set("SSL_CERT_DIR", before);
  }
});
