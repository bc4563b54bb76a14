import assert from "node:assert/strict";
import { startGateway } from "../../support/gateway_process.ts";
import { shTest } from "../../support/posix.ts";
import { binaryTest } from "../../support/program.ts";
import { receive, writeText } from "../../support/raw_peer.ts";
import { RpcHome } from "../../support/rpc_process.ts";
import { waitFor } from "../../support/wait_for.ts";

const slow = `
import { defineProcedure, z } from "rpc";
let state = "idle";
let letGo = () => {};
const method = (run) => defineProcedure({
  input: z.tuple([]), output: z.unknown(), kind: "io", description: "", concurrency: 100,
}, run);
export const waits = method((_params, { signal, traceparent }) => new Promise((resolve) => {
  state = traceparent ?? "waits";
  letGo = () => resolve("done");
  signal.addEventListener("abort", () => { state = "cancelled"; resolve(null); });
}));
export const look = method(() => state);
export const release = method(() => { letGo(); return null; });
export const long = method(() => "x".repeat(900_000));
`;

async function homeWithModule(): Promise<RpcHome> {
  const home = await RpcHome.create();
  await Deno.writeTextFile(`${home.workingDirectory}/slow.ts`, slow);
  return home;
}

Deno.test("a plain call ends when its request does, and carries the request's trace", async () => {
  await using home = await homeWithModule();
  await home.serve(["127.0.0.1", "0", "slow.ts"]);
  const gateway = await startGateway(home);
  const look = async () => await (await gateway.call("look")).json();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const begin = (path: string, body: string) => {
    const leave = new AbortController();
    const answer = gateway.fetch(path, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "rpc-timeout-ms": "600000",
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
      signal: leave.signal,
    });
    return { leave, answer };
  };
  for (
    const [path, body] of [
      ["/call/waits", "[]"],
      ["/", '{"jsonrpc":"2.0","id":1,"method":"waits"}'],
      ["/", '[{"jsonrpc":"2.0","id":1,"method":"waits"}]'],
      // Of a body that comes in pieces the runtime does not tell that its sender has gone.
      ...(Deno.build.os === "linux" ? [["/call/waits", `[${" ".repeat(20_000)}]`]] as const : []),
    ] as const
  ) {
    const { leave, answer } = begin(path, body);
    await waitFor("the trace", async () => (await look()).startsWith(`00-${traceId}-`));
    leave.abort();
    await assert.rejects(answer);
    await waitFor("the call's end", async () => (await look()) === "cancelled");
  }
});

Deno.test("a reader who takes nothing delays nobody else, whatever he asked for", async () => {
  await using home = await homeWithModule();
  await home.serve(["127.0.0.1", "0", "slow.ts"]);
  const gateway = await startGateway(home);
  const { hostname, port } = new URL(gateway.url);
  const request = [
    "POST /call/long HTTP/1.1",
    `host: ${hostname}:${port}`,
    `authorization: Bearer ${gateway.token}`,
    "content-type: application/json",
    "content-length: 2",
    "",
    "[]",
  ].join("\r\n");
  const peers = await Promise.all(
    Array.from({ length: 8 }, () => Deno.connect({ hostname, port: Number(port) })),
  );
  try {
    for (const peer of peers) await peer.write(new TextEncoder().encode(request.repeat(4)));
    const page = async () => await (await gateway.fetch("/metrics")).text();
    await waitFor(
      "their calls",
      async () => /^rpc_gateway_calls_total\{method="long"\} ([8-9]|\d\d)$/m.test(await page()),
    );
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => await (await gateway.call("ping")).json()),
    );
    assert.deepEqual([...new Set(answers)], ["pong"]);
    // Those who read after all get everything.
    const reader = peers[0] as Deno.TcpConn;
    const wanted = 4 * 900_003;
    let got = 0;
    const buffer = new Uint8Array(65_536);
    while (got < wanted) got += await reader.read(buffer) ?? NaN;
    assert.ok(got >= wanted);
  } finally {
    for (const peer of peers) peer.close();
  }
});

shTest(
  "connections that use up all handles are closed where they wait for nothing, and calls go on",
  async () => {
    await using home = await homeWithModule();
    await home.serve(["127.0.0.1", "0", "slow.ts"]);
    const gateway = await startGateway(home, ["--verbose"], { shell: "ulimit -n 160;" });
    const { hostname, port } = new URL(gateway.url);
    const waits = gateway.call("waits", [], { "rpc-timeout-ms": "600000" });
    await waitFor("the call", async () => await (await gateway.call("look")).json() === "waits");
    const peers: Deno.TcpConn[] = [];
    const half = new TextEncoder().encode("POST /call/ping HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ");
    try {
      for (let i = 0; i < 200; i++) {
        // Nobody may listen for a moment.
        const peer = await Deno.connect({ hostname, port: Number(port) }).catch(() => undefined);
        if (peer === undefined) continue;
        peers.push(peer);
        // Every other one has begun a request that it never ends.
        if (i % 2 === 0) await peer.write(half).catch(() => {});
      }
      await gateway.process.says(/Cannot take connections: closing those without a request/);
      // Those that still waited to be accepted may use up the handles once more.
      const answerOf = (method: string) =>
        waitFor(`an answer of ${method}`, async () => {
          const answer = await gateway.call(method).catch(() => undefined);
          return answer === undefined ? undefined : [await answer.json()];
        });
      assert.deepEqual(await answerOf("ping"), ["pong"]);
      assert.deepEqual(await answerOf("release"), [null]);
      assert.equal(await (await waits).json(), "done");
    } finally {
      for (const peer of peers) peer.close();
    }
  },
);

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: string): string {
  const length = payload.length;
  const head = [0, length >> 8, length & 0xff, type, flags, 0, 0, stream >> 8, stream & 0xff];
  return String.fromCharCode(...head) + payload;
}

// To see it fail: leave --quiet out in tasks/compile.ts.
binaryTest(
  "who takes back requests of HTTP/2 at once writes nothing into a gateway's log",
  async () => {
    await using home = await RpcHome.create();
    const gateway = await startGateway(home);
    const { hostname, port } = new URL(gateway.url);
    // By the tables of HPACK: `POST`, `http` and `/`.
    const taken = (stream: number) =>
      frame(1, 4, stream, "\x83\x86\x84") + frame(3, 0, stream, "\0\0\0\x08");
    const requests = Array.from({ length: 100 }, (_, i) => taken(2 * i + 1)).join("");
    using peer = await Deno.connect({ hostname, port: Number(port) });
    const received = receive(peer);
    await writeText(peer, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frame(4, 0, 0, "")}${requests}`);
    await waitFor("the end of the connection", () => received.isEnded);
    const enhanceYourCalm = "\0\0\0\x0b";
    assert.ok(received.text.includes(enhanceYourCalm), JSON.stringify(received.text));
    assert.equal((await gateway.fetch("/healthz")).status, 200);
    assert.equal(gateway.process.stderr, "");
  },
);
