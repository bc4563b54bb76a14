import assert from "node:assert/strict";
import { join } from "node:path";
import { notLinux, shTest } from "../../support/posix.ts";
import { RpcHome } from "../../support/rpc_process.ts";
import { waitFor } from "../../support/wait_for.ts";
import { skippedIf } from "../../support/skipped_if.ts";

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

const isHere = await hasOpenssl();

/** What curl says the status is, of HTTP/2; `undefined`: there is no curl. */
function statusByCurl(url: string, token: string, bodyPath: string): string | undefined {
  const args = ["--silent", "--insecure", "--http2", "--write-out", "%{http_code}"];
  try {
    const { stdout } = new Deno.Command("curl", {
      args: [
        ...[...args, "--output", `${bodyPath}.answer`, "--data-binary", `@${bodyPath}`, url],
        ...["-H", "Expect:", "-H", `Authorization: Bearer ${token}`],
      ],
    }).outputSync();
    return new TextDecoder().decode(stdout);
  } catch {
    return undefined;
  }
}

/** Calls on a new connection, which trusts one certificate alone. */
async function statusOfCall(url: string, token: string, cert: string): Promise<number | string> {
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
}

Deno.test({
  ...skippedIf(
    isHere ? undefined : "there is no openssl",
    "who sends a long body that is refused is told why, over HTTP/2 and HTTP/1.1",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    const files = home.workingDirectory;
    const cert = certificate(files, "own") as string;
    const process = home.start(
      ["gateway", "127.0.0.1:0", "--tls-cert", "own.crt", "--tls-key", "own.key"],
    );
    const [, url = "", token = ""] = await process.line(/^ready (https:\S+)\/#token=(\S+)$/);
    const long = new Uint8Array(6_000_000);
    await Deno.writeFile(join(files, "long"), long);
    for (const [shown, status] of [[token, "413"], ["wrong", "401"]] as const) {
      const told = statusByCurl(`${url}/call/ping`, shown, join(files, "long"));
      if (told !== undefined) assert.equal(told, status);
      // Many a client writes all of it before it reads anything.
      const { hostname, port } = new URL(url);
      using connection = await Deno.connectTls({ hostname, port: Number(port), caCerts: [cert] });
      const writer = connection.writable.getWriter();
      const head = [
        ...[
          "POST /call/ping HTTP/1.1",
          `host: ${hostname}:${port}`,
          `content-length: ${long.length}`,
        ],
        ...[`authorization: Bearer ${shown}`, "content-type: application/json", "", ""],
      ];
      await writer.write(new TextEncoder().encode(head.join("\r\n")));
      await writer.write(long);
      const { value } = await connection.readable.getReader().read();
      assert.match(new TextDecoder().decode(value), new RegExp(`^HTTP/1.1 ${status} `));
    }
  },
});

/** HTTP/2's begin, and as many pings as fit into 64 KiB. */
const begin = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
const ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
const pings = new Uint8Array(Array.from({ length: 3_855 }, () => ping).flat());

/** Sends pings without end, until it is reset or closed. */
async function sendPings(connection: Deno.TlsConn): Promise<void> {
  void connection.readable.pipeTo(new WritableStream()).catch(() => {});
  const writer = connection.writable.getWriter();
  await writer.write(begin);
  while (true) await writer.write(pings);
}

Deno.test({
  ...skippedIf(
    isHere ? notLinux : "there is no openssl",
    "whose frames mean nothing, and come without end, is dropped, and others are answered",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    await home.serve();
    const cert = certificate(home.workingDirectory, "own") as string;
    const process = home.start(
      ["gateway", "127.0.0.1:0", "--verbose", "--tls-cert", "own.crt", "--tls-key", "own.key"],
    );
    const [, url = "", token = ""] = await process.line(/^ready (https:\S+)\/#token=(\S+)$/);
    const { hostname, port } = new URL(url);
    const options = { hostname, port: Number(port), caCerts: [cert], alpnProtocols: ["h2"] };
    const peers = [await Deno.connectTls(options), await Deno.connectTls(options)];
    try {
      for (const peer of peers) void sendPings(peer).catch(() => {});
      await process.says(/Dropped a connection that left nobody else a turn/);
      await waitFor("an answer", async () => await statusOfCall(url, token, cert) === 200);
    } finally {
      for (const peer of peers) peer.close();
    }
  },
});

Deno.test({
  ...skippedIf(
    isHere ? undefined : "there is no openssl",
    "a certificate that is replaced counts for new connections, and a broken one changes nothing",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    await home.serve();
    const files = home.workingDirectory;
    const first = certificate(files, "first") as string;
    const second = certificate(files, "second") as string;
    await Deno.copyFile(join(files, "first.crt"), join(files, "live.crt"));
    await Deno.copyFile(join(files, "first.key"), join(files, "live.key"));
    if (Deno.build.os !== "windows") await Deno.chmod(join(files, "live.key"), 0o644);
    const process = home.start([
      ...["gateway", "127.0.0.1:0", "--verbose"],
      ...["--tls-cert", "live.crt", "--tls-key", "live.key"],
    ]);
    const [, url = "", token = ""] = await process.line(/^ready (https:\S+)\/#token=(\S+)$/);
    if (Deno.build.os !== "windows") await process.says(/can read --tls-key live\.key: chmod 600/);
    const statusBy = (cert: string) => statusOfCall(url, token, cert);
    assert.equal(await statusBy(first), 200);
    assert.notEqual(await statusBy(second), 200);

    await Deno.writeTextFile(join(files, "live.crt"), "no certificate");
    await process.says(/Cannot load the new certificate/);
    assert.equal(await statusBy(first), 200);

    await Deno.copyFile(join(files, "second.key"), join(files, "live.key"));
    await Deno.copyFile(join(files, "second.crt"), join(files, "live.crt"));
    await waitFor("the new certificate", async () => await statusBy(second) === 200);
    assert.notEqual(await statusBy(first), 200);
  },
});

shTest(
  "after a broken certificate, and connections that used up all handles, the former one serves on",
  async () => {
    if (!isHere) return;
    await using home = await RpcHome.create();
    await home.serve();
    const files = home.workingDirectory;
    const cert = certificate(files, "own") as string;
    const process = home.start(
      ["gateway", "127.0.0.1:0", "--verbose", "--tls-cert", "own.crt", "--tls-key", "own.key"],
      { shell: "ulimit -n 160;" },
    );
    const [, url = "", token = ""] = await process.line(/^ready (https:\S+)\/#token=(\S+)$/);
    assert.equal(await statusOfCall(url, token, cert), 200);
    await Deno.writeTextFile(join(files, "own.crt"), "no certificate");
    await process.says(/Cannot load the new certificate/);
    const { hostname, port } = new URL(url);
    const peers: Deno.TcpConn[] = [];
    try {
      for (let i = 0; i < 200; i++) {
        // Nobody may listen for a moment.
        const peer = await Deno.connect({ hostname, port: Number(port) }).catch(() => undefined);
        if (peer !== undefined) peers.push(peer);
      }
      await process.says(/Cannot take connections: closing those without a request/);
    } finally {
      for (const peer of peers) peer.close();
    }
    await waitFor("an answer", async () => await statusOfCall(url, token, cert) === 200);
  },
);
