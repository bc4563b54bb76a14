import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { callerOf } from "../../src/keys/caller.ts";
import { machineRights } from "../../src/keys/rights.ts";

const certificate = {
  ...{ name: "alice", rights: machineRights, hosts: [] },
  ...{ validFromMs: 1_000, validToMs: 2_000, isForClients: true },
};
const facts = { certificate, isAuthorized: true, cluster: "c1", nowMs: 1_500 };

Deno.test("a caller is who its certificate names, from its first moment to its last", () => {
  const { name, rights } = certificate;
  for (const nowMs of [1_000, 1_500, 2_000]) {
    assert.deepEqual(callerOf({ ...facts, nowMs }), {
      ...{ name, rights, validToMs: 2_000, cluster: "c1" },
    });
  }
  for (const nowMs of [999, 2_001]) {
    const refusal = callerOf({ ...facts, nowMs });
    assert.ok(refusal instanceof RpcError && refusal.name === "Unauthenticated", `${nowMs}`);
  }
});

Deno.test("who shows no certificate, or a stranger's, is refused whatever its dates", () => {
  for (const one of [{ certificate: undefined }, { isAuthorized: false }]) {
    const refusal = callerOf({ ...facts, ...one });
    assert.ok(refusal instanceof RpcError && refusal.name === "Unauthenticated");
  }
});
