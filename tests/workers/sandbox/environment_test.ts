import assert from "node:assert/strict";
import { environmentOfSandbox } from "../../../src/workers/sandbox/environment.ts";

Deno.test("a sandbox gets of the environment what is usual, and what is allowed by name or beginning", () => {
  const names = ["RPC_TEST_ONE", "RPC_TEST_OTHER", "RPC_TESTER", "LC_TEST", "MY_LC_TEST"];
  try {
    for (const name of names) Deno.env.set(name, "x");
    const seen = (allowed?: readonly string[]) => {
      const environment = environmentOfSandbox(allowed);
      return names.filter((name) => environment[name] === "x");
    };
    assert.deepEqual(seen(), ["LC_TEST"]);
    assert.deepEqual(seen(["RPC_TEST_ONE"]), ["RPC_TEST_ONE", "LC_TEST"]);
    assert.deepEqual(seen(["RPC_TEST_*"]), ["RPC_TEST_ONE", "RPC_TEST_OTHER", "LC_TEST"]);
    assert.equal(environmentOfSandbox()["PATH"], Deno.env.get("PATH"));
  } finally {
    for (const name of names) Deno.env.delete(name);
  }
});
