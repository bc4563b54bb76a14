import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { keyFiles } from "../../src/keys/files.ts";
import { keysOf, readKeys } from "../../src/keys/keys.ts";
import { modeTest } from "../support/posix.ts";
import { TestCluster } from "../support/test_pki.ts";

Deno.test("keys are found however their PEM is written: Windows' lines, more blocks, another order", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const { certificate, privateKey } = await cluster.member("bob");
  const authority = cluster.ca.certificate;
  const crlf = (text: string) => text.replaceAll("\n", "\r\n");
  const whole = { authority, certificate, privateKey };
  const forms: readonly (readonly [form: string, texts: typeof whole])[] = [
    ["as they are made", whole],
    ["line ends of Windows", {
      authority: crlf(authority),
      certificate: crlf(certificate),
      privateKey: crlf(privateKey),
    }],
    ["a byte order mark", { ...whole, certificate: `\ufeff${certificate}` }],
    ["words before a certificate", { ...whole, certificate: `subject=CN = bob\n${certificate}` }],
    ["a chain", { ...whole, certificate: certificate + authority }],
    ["a chain in the wrong order", { ...whole, certificate: authority + certificate }],
    ["an older certificate first", {
      ...whole,
      certificate: (await cluster.member("bob")).certificate + certificate,
    }],
    ["two clusters", { ...whole, authority: other.ca.certificate + authority }],
    ["no line end at the end", { ...whole, privateKey: privateKey.trimEnd() }],
    ["another form of key", {
      ...whole,
      privateKey: createPrivateKey(privateKey).export({ type: "sec1", format: "pem" }).toString(),
    }],
  ];
  for (const [form, texts] of forms) {
    const keys = keysOf("there", texts);
    assert.deepEqual([keys.own.name, keys.cluster], ["bob", cluster.id], form);
    assert.deepEqual([keys.certificate, keys.authority], [certificate, authority], form);
  }
});

Deno.test("what keeps keys from being used is told by its name", async () => {
  await using cluster = await TestCluster.create();
  const { certificate, privateKey } = await cluster.member("bob");
  const whole = { authority: cluster.ca.certificate, certificate, privateKey };
  const locked = createPrivateKey(privateKey).export({
    ...{ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
  }).toString();
  const ed25519 = generateKeyPairSync("ed25519").privateKey
    .export({ type: "pkcs8", format: "pem" }).toString();
  const koblitz = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey
    .export({ type: "pkcs8", format: "pem" }).toString();
  const short = generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey
    .export({ type: "pkcs8", format: "pem" }).toString();
  const nameless = { ...whole, ...await cluster.faulty({ subject: "" }) };
  const double = { ...whole, ...await cluster.faulty({ subject: "CN=bob, CN=alice" }) };
  const faults: readonly (readonly [texts: typeof whole, says: RegExp])[] = [
    [nameless, /machine\.crt names nobody/],
    [double, /machine\.crt names nobody, or not one alone/],
    [{ ...whole, privateKey: locked }, /machine\.key wants a passphrase, which nobody is asked/],
    [{ ...whole, privateKey: certificate }, /machine\.key holds no private key/],
    [{ ...whole, privateKey: koblitz }, /machine\.key is no key on P.256.*: TLS takes no other/],
    [{ ...whole, privateKey: short }, /machine\.key is no key on P.256/],
    [{ ...whole, privateKey: ed25519 }, /do not belong together/],
    [{ ...whole, certificate: cluster.ca.certificate }, /do not belong together/],
    [{ ...whole, certificate: privateKey }, /they are no certificates in PEM/],
    [{ ...whole, authority: privateKey }, /they are no certificates in PEM/],
  ];
  for (const [texts, says] of faults) assert.throws(() => keysOf("there", texts), says);
});

Deno.test("a certificate of another cluster than the one beside it is no key", async () => {
  await using cluster = await TestCluster.create();
  await using other = await TestCluster.create();
  const directory = cluster.write(await other.member("bob"));
  assert.throws(() => readKeys(directory), /machine\.crt was not made by the cluster of ca\.crt/);
});

modeTest("a private key in a file of certificates that others read is refused", async () => {
  await using cluster = await TestCluster.create();
  const pair = await cluster.member("bob");
  for (const name of [keyFiles.machine, keyFiles.authority]) {
    const directory = cluster.write(pair);
    const path = `${directory}/${name}`;
    Deno.writeTextFileSync(path, pair.privateKey, { append: true });
    Deno.chmodSync(path, 0o644);
    assert.throws(() => readKeys(directory), /other users .* can read it; first: chmod 600 /);
    Deno.chmodSync(path, 0o600);
    assert.equal(readKeys(directory)?.own.name, "bob");
  }
});

modeTest("a file of keys that is a pipe keeps nobody waiting", async () => {
  await using cluster = await TestCluster.create();
  const directory = cluster.write(await cluster.member("bob"));
  const path = `${directory}/${keyFiles.machineKey}`;
  Deno.removeSync(path);
  const made = await new Deno.Command("mkfifo", { args: ["-m", "600", path] }).output();
  assert.ok(made.success);
  // A writer, so that whoever opens it all the same does not wait for ever.
  const writer = Deno.openSync(path, { read: true, write: true });
  try {
    assert.throws(() => readKeys(directory), /that is no certificate and no key/);
  } finally {
    writer.close();
  }
});
