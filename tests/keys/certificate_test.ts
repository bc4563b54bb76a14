import assert from "node:assert/strict";
import { canBeRead, hasMade, isKeyOf, readCertificate } from "../../src/keys/certificate.ts";
import { formatRights } from "../../src/keys/rights.ts";
import { TestCluster } from "../support/test_pki.ts";

Deno.test("a name within another one in a certificate is none: no right, no host and nobody", async () => {
  await using cluster = await TestCluster.create();
  const { certificate } = await cluster.faulty({
    subject: "O=x\\0ACN=admin",
    dns: ["a, URI:urn:rpc:right:serve"],
    uris: ["urn:rpc:right:read", "https://b.test/, URI:urn:rpc:right:admin, DNS:c.test"],
  });
  const { name, rights, hosts } = readCertificate(certificate);
  assert.deepEqual([name, formatRights(rights), hosts], ["", "read", []]);
});

Deno.test("names of every length are found", async () => {
  await using cluster = await TestCluster.create();
  // The whole names have 19 bytes more, and from 128 and from 256 on a length is encoded otherwise.
  for (const length of [1, 108, 109, 236, 237, 240]) {
    const pattern = "a".repeat(length);
    const { certificate } = await cluster.faulty({
      name: "ß".repeat(Math.min(length, 30)),
      uris: [`urn:rpc:right:call:${pattern}`],
    });
    const { name, rights } = readCertificate(certificate);
    assert.equal(name, "ß".repeat(Math.min(length, 30)));
    assert.deepEqual(rights.call, [pattern]);
  }
});

Deno.test("a certificate with two common names, or with none, is nobody's", async () => {
  await using cluster = await TestCluster.create();
  for (const subject of ["CN=alice, CN=bob", "O=alice", ""]) {
    assert.equal(
      readCertificate((await cluster.faulty({ subject })).certificate).name,
      "",
      subject,
    );
  }
});

Deno.test("what is no certificate is nobody's work, and no key is its own", async () => {
  await using cluster = await TestCluster.create();
  const { certificate, privateKey } = await cluster.faulty({});
  const authority = cluster.ca.certificate;
  assert.deepEqual([canBeRead(certificate), canBeRead(privateKey), canBeRead("")], [
    true,
    false,
    false,
  ]);
  assert.equal(hasMade(authority, certificate), true);
  assert.equal(hasMade(authority, privateKey), false);
  assert.equal(hasMade("", certificate), false);
  assert.equal(isKeyOf(privateKey, certificate), true);
  assert.equal(isKeyOf(privateKey, authority), false);
  assert.equal(isKeyOf("", certificate), false);
});
