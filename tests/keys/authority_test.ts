import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  createAuthority,
  createMember,
  createRequest,
  isSignedBy,
  openAuthority,
  signRequest,
} from "../../src/keys/authority.ts";
import { formatBundle, parseBundle } from "../../src/keys/bundle.ts";
import { clusterOf, isKeyOf, readCertificate } from "../../src/keys/certificate.ts";
import { areLast, keysOf } from "../../src/keys/keys.ts";
import { machineRights, parseRights } from "../../src/keys/rights.ts";

const nowMs = Date.parse("2026-03-01T00:00:00Z");
const dayMs = 86_400_000;

/** The extended usages in a certificate, found by their identifiers in DER. */
function usagesOf({ raw }: X509Certificate): string[] {
  const der = raw.toString("hex");
  const usages = { server: "06082b06010505070301", client: "06082b06010505070302" };
  return Object.entries(usages).filter(([, oid]) => der.includes(oid)).map(([name]) => name);
}

Deno.test("a cluster's certificate lasts ten years and signs members alone", async () => {
  const ca = await createAuthority(nowMs);
  const read = new X509Certificate(ca.certificate);
  assert.equal(read.ca, true);
  assert.equal(Date.parse(read.validTo), nowMs + 3_650 * dayMs);
  assert.match(clusterOf(ca.certificate), /^[0-9a-f]{20}$/);
  assert.equal((await openAuthority(ca)).cluster, clusterOf(ca.certificate));
  // `pathLenConstraint: 0` in DER: a CA below it would not count.
  assert.ok(read.raw.toString("hex").includes("30060101ff020100"));
});

Deno.test("a machine's certificate has the cluster's name, its rights and 398 days", async () => {
  const ca = await createAuthority(nowMs);
  const authority = await openAuthority(ca);
  const member = await createMember(authority, { name: "alpha", rights: machineRights }, nowMs);
  const read = new X509Certificate(member.certificate);
  assert.equal(read.ca, false);
  assert.ok(read.checkHost(`${authority.cluster}.rpc.internal`));
  assert.deepEqual(usagesOf(read), ["server", "client"]);
  assert.deepEqual(readCertificate(member.certificate), {
    name: "alpha",
    rights: machineRights,
    hosts: [`${authority.cluster}.rpc.internal`],
    validFromMs: nowMs - dayMs,
    validToMs: nowMs + 398 * dayMs,
    isForClients: true,
  });
  assert.ok(await isSignedBy(ca.certificate, member.certificate));
  assert.ok(!await isSignedBy((await createAuthority(nowMs)).certificate, member.certificate));
  assert.ok(isKeyOf(member.privateKey, member.certificate));
  assert.ok(!isKeyOf(ca.privateKey, member.certificate));
});

Deno.test("no certificate outlasts its cluster, and a cluster that has ended makes none", async () => {
  const ca = await createAuthority(nowMs);
  const authority = await openAuthority(ca);
  const subject = { name: "alpha", rights: machineRights };
  const endMs = nowMs + 3_650 * dayMs;
  const first = await createMember(authority, subject, nowMs);
  const last = await createMember(authority, subject, endMs - 100 * dayMs);
  assert.equal(readCertificate(last.certificate).validToMs, endMs);
  const areLastOf = (pair: typeof first) =>
    areLast(keysOf("a test", { ...pair, authority: ca.certificate }));
  assert.deepEqual([first, last].map(areLastOf), [false, true]);
  await assert.rejects(
    createMember(authority, subject, endMs + 1),
    /cluster [0-9a-f]{20} has ended on 2036-02-27: move .*rpc keys init.*rpc keys join --force/,
  );
});

Deno.test("a clock that was never set makes no certificate", async () => {
  const authority = await openAuthority(await createAuthority(0));
  await assert.rejects(
    createMember(authority, { name: "alpha", rights: machineRights }, 5_000),
    /the clock of the machine that makes it says 1970-01-01, which cannot be: set it first/,
  );
});

Deno.test("who may only call has neither the usage nor the name of a server", async () => {
  const authority = await openAuthority(await createAuthority(nowMs));
  const rights = parseRights("read,call:fib*");
  const read = new X509Certificate(
    (await createMember(authority, { name: "bob", rights }, nowMs)).certificate,
  );
  assert.deepEqual(usagesOf(read), ["client"]);
  assert.equal(read.checkHost(`${authority.cluster}.rpc.internal`), undefined);
});

Deno.test("of a request only the key is taken: name and rights are the inviter's", async () => {
  const authority = await openAuthority(await createAuthority(nowMs));
  const { request, privateKey } = await createRequest("admin");
  const subject = { name: "bob", rights: parseRights("read") };
  const certificate = await signRequest(authority, request, subject, nowMs);
  assert.equal(readCertificate(certificate).name, "bob");
  assert.ok(isKeyOf(privateKey, certificate));
});

Deno.test("a certificate does not outlive the cluster's", async () => {
  const authority = await openAuthority(await createAuthority(nowMs));
  const lateMs = nowMs + 3_600 * dayMs;
  const member = await createMember(authority, { name: "late", rights: machineRights }, lateMs);
  assert.equal(readCertificate(member.certificate).validToMs, nowMs + 3_650 * dayMs);
});

Deno.test("a bundle carries all three parts, and no other file is one", async () => {
  const ca = await createAuthority(nowMs);
  const member = await createMember(
    await openAuthority(ca),
    { name: "alpha", rights: machineRights },
    nowMs,
  );
  const text = formatBundle({ ...member, authority: ca.certificate });
  const read = parseBundle("alpha.keys", text);
  assert.equal(read.own.name, "alpha");
  assert.equal(read.privateKey, member.privateKey);
  const stolen = formatBundle({ ...member, privateKey: ca.privateKey, authority: ca.certificate });
  assert.throws(() => parseBundle("x", stolen), /do not belong together/);
  for (const other of ["", "hello", member.certificate, text + member.certificate]) {
    assert.throws(() => parseBundle("x", other), /not what rpc keys export makes/);
  }
});
