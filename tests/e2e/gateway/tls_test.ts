import assert from "node:assert/strict";
import { join } from "node:path";
import { RpcHome } from "../../support/rpc_process.ts";
import { waitFor } from "../../support/wait_for.ts";

/**
 * Makes a certificate for localhost that is its own authority; `undefined`: there is no OpenSSL.
 */
function certificate(directory: string, name: string): string | undefined {
  const keyPath = join(directory, `${name}.key`);
  const certPath = join(directory, `${name}.crt`);
  try {
    const { success } = new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
        ...["-keyout", keyPath, "-out", certPath, "-days", "2", "-subj", `/CN=${name}`],
        ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ],
      stderr: "null",
      stdout: "null",
    }).outputSync();
    return success ? Deno.readTextFileSync(certPath) : undefined;
  } catch {
    return undefined;
  }
}

async function hasOpenssl(): Promise<boolean> {
  const directory = await Deno.makeTempDir();
  try {
    return certificate(directory, "probe") !== undefined;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({
  name:
    "a certificate that is replaced counts for new connections, and a broken one changes nothing",
  ignore: !await hasOpenssl(),
  fn: async () => {
    await using home = await RpcHome.create();
    await home.serve();
    const files = home.workingDirectory;
    const first = certificate(files, "first") as string;
    const second = certificate(files, "second") as string;
    await Deno.copyFile(join(files, "first.crt"), join(files, "live.crt"));
    await Deno.copyFile(join(files, "first.key"), join(files, "live.key"));
    const process = home.start([
      ...["gateway", "127.0.0.1:0", "--verbose"],
      ...["--tls-cert", "live.crt", "--tls-key", "live.key"],
    ]);
    const [, url = "", token = ""] = await process.line(/^ready (https:\S+)\/#token=(\S+)$/);
    /** Calls on a new connection, which trusts one certificate alone. */
    const statusBy = async (cert: string): Promise<number | string> => {
      using client = Deno.createHttpClient({ caCerts: [cert] });
      try {
        const answer = await fetch(`${url}/call/ping`, {
          client,
          method: "POST",
          headers: { authorization: `Bearer ${token}` },
        });
        await answer.body?.cancel();
        return answer.status;
      } catch (error) {
        return String(error);
      }
    };
    assert.equal(await statusBy(first), 200);
    assert.notEqual(await statusBy(second), 200);

    await Deno.writeTextFile(join(files, "live.crt"), "no certificate");
    await process.says(/Cannot take over the new certificate/);
    assert.equal(await statusBy(first), 200);

    await Deno.copyFile(join(files, "second.key"), join(files, "live.key"));
    await Deno.copyFile(join(files, "second.crt"), join(files, "live.crt"));
    await waitFor("the new certificate", async () => await statusBy(second) === 200);
    assert.notEqual(await statusBy(first), 200);
  },
});
