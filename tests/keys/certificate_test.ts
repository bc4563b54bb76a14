import assert from "node:assert/strict";
import { readCertificate } from "../../src/keys/certificate.ts";
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
  for (const length of [1, 100, 127, 128, 240]) {
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
