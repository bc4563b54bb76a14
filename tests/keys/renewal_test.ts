import assert from "node:assert/strict";
import { createRequest } from "../../src/keys/authority.ts";
import { lastIssued, rememberIssued, wasIssued } from "../../src/keys/authority_files.ts";
import { type Keys, readKeys } from "../../src/keys/keys.ts";
import { readCertificate } from "../../src/keys/certificate.ts";
import { appendIssued } from "../../src/keys/file_writing.ts";
import { renewKeys, renewMember } from "../../src/keys/renewal.ts";
import { formatRights, machineRights, parseRights } from "../../src/keys/rights.ts";
import { TestCluster } from "../support/test_pki.ts";

Deno.test("who was given other rights cannot renew those of before", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(directory, ["alpha"]);
  const [all, little] = [parseRights("read,call:*,serve"), parseRights("read,call:fib")];
  const give = async (rights: typeof all) => {
    const { certificate } = await cluster.member("bob", rights);
    rememberIssued(directory, { name: "bob", rights }, certificate, Date.now());
  };
  const renew = async (rights: typeof all) => {
    const { request } = await createRequest("bob");
    const renewed = await renewMember(directory, { name: "bob", rights }, request, Date.now());
    return formatRights(readCertificate(renewed).rights);
  };
  await assert.rejects(
    renew(all),
    /bob is not on the list issued.ndjson of who may renew\..*: rpc keys export bob --name bob/,
  );
  await give(all);
  assert.equal(await renew(all), "read,call:*,serve");
  await give(little);
  await assert.rejects(renew(all), /bob was given other keys since, for the rights read,call:fib/);
  assert.equal(await renew(little), "read,call:fib");
});

Deno.test("who is given other rights while it renews does not have those of before again", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(directory, ["alpha", "bob"]);
  const member = { name: "bob", rights: machineRights };
  const { request } = await createRequest("bob");
  const renewing = renewMember(directory, member, request, Date.now() + 25 * 60 * 60_000);
  appendIssued(directory, '{"name":"bob","rights":"read"}');
  await assert.rejects(renewing, /bob was given other keys since, for the rights read;/);
  assert.equal(lastIssued(directory, "bob")?.rights, "read");
});

Deno.test("who renews again and again adds a line a day to the list of who was given keys", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(directory, ["alpha", "bob"]);
  const member = { name: "bob", rights: machineRights };
  const { request } = await createRequest("bob");
  const lines = () => Deno.readTextFileSync(`${directory}/issued.ndjson`).trim().split("\n").length;
  const before = lines();
  for (const hours of [0, 1, 23, 25]) {
    await renewMember(directory, member, request, Date.now() + hours * 60 * 60_000);
  }
  assert.equal(lines() - before, 2);
});

Deno.test("a member is found by whatever name it may have, and a half line is nobody's", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(directory, ["alpha"]);
  const rights = parseRights("read");
  assert.equal(wasIssued(directory, "undefined"), false);
  const { certificate } = await cluster.member("undefined", rights);
  rememberIssued(directory, { name: "undefined", rights }, certificate, Date.now());
  assert.equal(wasIssued(directory, "undefined"), true);
  appendIssued(directory, '{"na');
  assert.equal(wasIssued(directory, "undefined"), true);
});

Deno.test("keys that a machine was given while it renewed those of before stay", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const directory = cluster.write(await cluster.member("bob"));
  const owner = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(owner, ["bob"]);
  const before = readKeys(directory) as Keys;
  /** Renews the keys of before, while something else happens. */
  const renew = (meanwhile: () => void) =>
    renewKeys(directory, before, async (request) => {
      const certificate = await renewMember(owner, before.own, request, Date.now());
      meanwhile();
      return certificate;
    }, Date.now());

  const joined = await other.member("carol");
  await assert.rejects(
    renew(() => other.write(joined, directory)),
    new RegExp(`Did not renew: .* the keys of carol in cluster ${other.id}, which stay`),
  );
  assert.equal(readKeys(directory)?.cluster, other.id);

  // Of two that renew at once each has good keys in the end.
  const renewed = await cluster.member("bob");
  const keys = await renew(() => cluster.write(renewed, directory));
  assert.equal(keys.certificate.trim(), renewed.certificate.trim());

  await assert.rejects(
    renew(() => {
      for (const name of ["ca.crt", "machine.crt", "machine.key"]) {
        Deno.removeSync(`${directory}/${name}`);
      }
    }),
    /Did not renew: .* were taken away/,
  );
  assert.equal(readKeys(directory), undefined);
});

Deno.test("keys of a machine whose clock is ahead do not take the place of good ones", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("bob"));
  const owner = cluster.write(await cluster.member("alpha"));
  cluster.makeOwner(owner, ["bob"]);
  const before = readKeys(directory) as Keys;
  const nowMs = Date.parse("2026-12-24T12:00:00Z");
  const dayMs = 86_400_000;
  const renew = (aheadMs: number) =>
    renewKeys(
      directory,
      before,
      (request) => renewMember(owner, before.own, request, nowMs + aheadMs),
      nowMs,
    );
  await assert.rejects(
    renew(10 * dayMs),
    /Cannot renew: the new keys are valid from 2027-01-02 to 2028-02-05, .* says 2026-12-24: it is/,
  );
  assert.equal(readKeys(directory)?.certificate, before.certificate);
  assert.equal((await renew(dayMs / 2)).own.validToMs, nowMs + 398.5 * dayMs);
});
