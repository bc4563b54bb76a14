import assert from "node:assert/strict";
import { RpcHome } from "../support/rpc_process.ts";
import { within } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
const pong = { jsonrpc: "2.0", id: 1, result: "pong" };

/** `nc` of Debian's netcat-openbsd; others lack its flags. */
const hasNetcat = await (async () => {
  try {
    const nc = new Deno.Command("nc", { args: ["-h"], stdout: "piped", stderr: "piped" });
    const { stdout, stderr } = await nc.output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return /^\s*-N\b/m.test(text);
  } catch {
    return false;
  }
})();

/** The first line that comes back for what `nc` is given. */
async function netcat(args: readonly string[], input: string): Promise<string> {
  const child = new Deno.Command("nc", { args: [...args], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  let text = "";
  try {
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes("\n")) break;
    }
  } finally {
    try {
      child.kill();
    } catch {
      // It has ended by itself.
    }
    await child.status;
  }
  return text;
}

for (const flags of [[], ["-N"]]) {
  const name = `nc ${[...flags, "<host> <port>"].join(" ")} is a client`;
  const reason = hasNetcat ? undefined : "there is no nc of OpenBSD's";
  Deno.test(skippedIf(reason, name), async () => {
    await using home = await RpcHome.create();
    const { host, port } = await home.serve();
    const line = await within("nc", netcat([...flags, host, String(port)], ping));
    assert.deepEqual(JSON.parse(line), pong);
  });
}

/** What a connection gives back for `bytes`, up to its end. */
async function exchange(port: number, bytes: Uint8Array): Promise<string> {
  using connection = await Deno.connect({ port });
  const send = async () => {
    try {
      for (let sent = 0; sent < bytes.length;) {
        sent += await connection.write(bytes.subarray(sent));
      }
      await connection.closeWrite();
    } catch {
      // The server may close before it has read all of a line that it must refuse.
    }
  };
  const receive = async () => {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65_536);
    let text = "";
    while (true) {
      const length = await connection.read(buffer).catch(() => null);
      if (length === null) return text;
      text += decoder.decode(buffer.subarray(0, length), { stream: true });
    }
  };
  const [text] = await within("the answers", Promise.all([receive(), send()]));
  return text;
}

signalTest("garbage on the socket is answered as such, and disturbs nobody else", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve();
  const client = home.start(
    ["call", "ping", "{i}", "--repeat", "100000000", "--concurrency", "2", "--json"],
  );
  await client.line(/"result":"pong 1"/);

  const encoder = new TextEncoder();
  const garbage: [Uint8Array, RegExp][] = [
    [encoder.encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1.1 400 .*rpc gateway/s],
    [encoder.encode('{"jsonrpc":"2.0"}\n'), /"code":-32600/],
    [encoder.encode('{"jsonrpc":"2.0","id":1,"method":"nope"}\n'), /"code":-32601/],
    [encoder.encode(`${"[".repeat(10_000)}\n`), /"code":-32\d00/],
    [new Uint8Array([0xff, 0xfe, 0x00, 0x80, 0x0a]), /"code":-32700/],
    [encoder.encode("x".repeat(5 * 1024 * 1024)), /"code":-32\d00/],
  ];
  for (const [bytes, answer] of garbage) assert.match(await exchange(server.port, bytes), answer);

  // Still in order, still without an error, and more of them than when the garbage began.
  const seen = client.lines.length;
  await client.line(new RegExp(`"result":"pong ${seen + 100}"`));
  client.signal("SIGINT");
  assert.equal(await client.ended(), 130);
  assert.match(client.stderr, /\b\d+ calls, 0 errors/);
  assert.equal(await server.stop(), 0);
});
