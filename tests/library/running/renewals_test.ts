import assert from "node:assert/strict";
import { createRequest } from "../../../src/keys/authority.ts";
import { readCertificate } from "../../../src/keys/certificate.ts";
import { machineRights } from "../../../src/keys/rights.ts";
import { Renewals } from "../../../src/library/running/renewals.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("a member that asks for keys without end gets thirty a minute, and others theirs", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(directory, ["alpha", "bob", "carol"]);
  const clock = new VirtualClock(1_000_000, Date.now());
  const renewals = new Renewals(directory, clock);
  const { request } = await createRequest("whoever");
  const renew = async (name: string) => {
    const certificate = await renewals.renew({ name, rights: machineRights }, request);
    return readCertificate(certificate).name;
  };
  for (let i = 0; i < 30; i++) assert.equal(await renew("bob"), "bob");
  await assert.rejects(renew("bob"), /bob has asked 30 times within a minute/);
  assert.equal(await renew("carol"), "carol");
  clock.advance(60_000);
  assert.equal(await renew("bob"), "bob");
});
