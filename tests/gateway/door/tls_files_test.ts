import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { HttpListener } from "../../../src/gateway/door/listener.ts";
import { assertTlsPair, datesFault } from "../../../src/gateway/door/tls_files.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { TestCluster } from "../../support/test_pki.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

Deno.test("of a certificate and a key that cannot be used it is told which file is at fault", async () => {
  await using cluster = await TestCluster.create();
  const { certificate: cert, privateKey: key } = await cluster.member("gateway");
  const paths = { certPath: "a.crt", keyPath: "a.key" };
  assertTlsPair({ cert: cert + cluster.ca.certificate, key }, paths);
  const locked = createPrivateKey(key).export({
    ...{ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
  }).toString();
  const other = generateKeyPairSync("ed25519").privateKey
    .export({ type: "pkcs8", format: "pem" }).toString();
  const faults: readonly (readonly [cert: string, key: string, says: RegExp])[] = [
    ["", key, /--tls-cert a\.crt: it holds no certificate/],
    [key, key, /--tls-cert a\.crt: it holds no certificate/],
    [cert, "", /--tls-key a\.key: it holds no private key/],
    [cert, locked, /--tls-key a\.key: it wants a passphrase/],
    [cert, other, /--tls-key a\.key: it is not the key of the first certificate in a\.crt/],
    [cluster.ca.certificate + cert, key, /it is not the key of the first certificate in a\.crt/],
  ];
  for (const [cert, key, says] of faults) {
    assert.throws(() => assertTlsPair({ cert, key }, paths), says);
  }
});

Deno.test("a certificate that callers refuse for its dates is told of", async () => {
  await using cluster = await TestCluster.create();
  const faultOf = async (faults: Parameters<TestCluster["faulty"]>[0]) => {
    const { certificate: cert, privateKey: key } = await cluster.faulty(faults);
    return datesFault({ cert, key }, Date.now());
  };
  assert.equal(await faultOf({}), undefined);
  assert.match(await faultOf({ fromDays: -9, toDays: -2 }) ?? "", /^it has expired on \d{4}-/);
  assert.match(await faultOf({ fromDays: 2 }) ?? "", /^it begins on \S+: is the clock wrong\?$/);
});

Deno.test("a certificate that cannot be loaded is told of once, and one that has expired each day", async () => {
  await using cluster = await TestCluster.create();
  const directory = await Deno.makeTempDir();
  const tls = { certPath: `${directory}/a.crt`, keyPath: `${directory}/a.key` };
  const put = async (pair: { certificate: string; privateKey: string }) => {
    await Deno.writeTextFile(tls.certPath, pair.certificate);
    await Deno.writeTextFile(tls.keyPath, pair.privateKey);
  };
  await put(await cluster.faulty({ fromDays: -9, toDays: -2 }));
  const clock = new VirtualClock(0, Date.now());
  const log = new RecordingLogger();
  const listener = await HttpListener.open({
    ...{ host: "127.0.0.1", port: 0, tls, messageBytesMax: 1_024, clock, log },
    answer: () => Promise.resolve(new Response()),
  });
  const { warnings } = log;
  /** Looks at the files until a warning has come. */
  const warned = (says: RegExp) =>
    waitFor(`a warning ${says}`, async () => {
      await clock.advanceAsync(1_000);
      return warnings.some((warning) => says.test(warning));
    }, { periodMs: 5 });
  try {
    assert.match(
      warnings.join("\n"),
      /^Callers refuse the certificate in .*a\.crt: it has expired/,
    );
    await Deno.remove(tls.certPath);
    await warned(/Cannot read --tls-cert .*a\.crt: /);
    await Deno.writeTextFile(tls.certPath, "none");
    await warned(/a\.crt: it holds no certificate/);
    assert.equal(warnings.length, 3, warnings.join("\n"));
    clock.advance(24 * 60 * 60 * 1_000);
    assert.match(warnings[3] ?? "", /^Callers refuse the certificate/);
  } finally {
    await listener.close();
    await Deno.remove(directory, { recursive: true });
  }
});
