import assert from "node:assert/strict";
import { join } from "node:path";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { signalTest } from "../support/posix.ts";

const waits = `export async function waits() {
  await Deno.writeTextFile("begun", "");
  while (!(await Deno.stat("go").catch(() => undefined))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}`;

/** The address in the log line that tells it. */
async function metricsOf(process: { readonly stderr: string }): Promise<string> {
  return await waitFor("the address of the metrics", () => {
    return /url='?"?(http:\/\/[\d.]+:\d+)\/metrics/.exec(process.stderr)?.[1];
  });
}

async function ask(url: string): Promise<{ status: number; body: string; type: string | null }> {
  const response = await fetch(url);
  const { status, headers } = response;
  return { status, body: await response.text(), type: headers.get("content-type") };
}

signalTest("--metrics serves what the server does to Prometheus, and answers probes", async () => {
  await using home = await RpcHome.create();
  await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), waits);
  const server = await home.serve(
    ["127.0.0.1", "0", "tasks.ts", "--metrics", "127.0.0.1:0", "--drain-timeout", "10m"],
  );
  const url = await metricsOf(server);
  assert.equal((await ask(`${url}/healthz`)).status, 200);
  assert.equal((await ask(`${url}/readyz`)).status, 200);
  assert.equal((await ask(`${url}/`)).status, 404);

  await home.run(["call", "ping", "--repeat", "7"]);
  await home.run(["call", "fib", "20"]);
  await home.run(["call", "fib", "many"]);
  // Asked twice: what is counted is not counted again.
  await ask(`${url}/metrics`);
  const { body, type } = await ask(`${url}/metrics`);
  assert.match(type ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(body, /^rpc_ready 1$/m);
  assert.match(body, /^rpc_workers 1$/m);
  assert.match(body, /^rpc_calls_total\{method="ping"\} 7$/m);
  assert.match(body, /^rpc_calls_total\{method="fib"\} 2$/m);
  assert.match(body, /^rpc_errors_total\{method="fib",error="InvalidParams"\} 1$/m);
  assert.match(body, /^# TYPE rpc_latency_seconds summary$/m);
  assert.match(body, /^rpc_latency_seconds\{method="fib",quantile="0.99"\} \d/m);
  for (const line of body.split("\n").filter((one) => one !== "")) {
    assert.match(line, /^(# (HELP|TYPE) rpc_\w+ .+|rpc_\w+(\{[^}]*\})? [-+\d.e]+)$/);
  }

  // While it drains, which it does for as long as a call takes, it lives, and is not ready.
  const call = home.start(["call", "waits"]);
  const at = (name: string) => join(home.workingDirectory, name);
  await waitFor("the call to begin", () => Deno.stat(at("begun")).catch(() => false));
  server.process.signal("SIGTERM");
  await waitFor("not ready", async () => (await ask(`${url}/readyz`)).status === 503);
  assert.equal((await ask(`${url}/healthz`)).status, 200);
  await Deno.writeTextFile(at("go"), "");
  assert.equal(await call.ended(), 0, call.describe());
  assert.equal(await server.process.ended(), 0);
});

Deno.test("a server that its registry does not list yet lives and is not ready", async () => {
  await using home = await RpcHome.create("zookeeper://127.0.0.1:1", { isReachable: false });
  const server = await home.serve(["--metrics", "127.0.0.1:0"]);
  const url = await metricsOf(server);
  assert.equal((await ask(`${url}/healthz`)).status, 200);
  assert.equal((await ask(`${url}/readyz`)).status, 503);
});

Deno.test("an address for metrics that cannot be is told in one line", async () => {
  await using home = await RpcHome.create();
  const bad = await home.run(["serve", "127.0.0.1", "0", "--metrics", "9464"]);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /^rpc: Cannot use --metrics "9464": give host:port.*\n$/);
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${(taken.addr as Deno.NetAddr).port}`;
  const inUse = await home.run(["serve", "127.0.0.1", "0", "--metrics", address]);
  assert.equal(inUse.code, 1);
  assert.match(
    inUse.stderr,
    /rpc: Cannot serve metrics on .*the port is in use; choose another one, or 0 .*\n$/,
  );
});

// To see it fail: let BriefPeers in src/base/bounds/brief_peers.ts make no room.
signalTest("those who stay at the door of the metrics take no handles from callers", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--metrics", "127.0.0.1:0"], { shell: "ulimit -n 64;" });
  const url = await metricsOf(server);
  const port = Number(new URL(url).port);
  const sockets: Deno.TcpConn[] = [];
  try {
    for (let i = 0; i < 100; i++) {
      const socket = await Deno.connect({ hostname: "127.0.0.1", port });
      sockets.push(socket);
      await socket.write(new TextEncoder().encode("GET /metrics HTTP/1.1\r\n")).catch(() => {});
    }
    assert.equal((await ask(`${url}/healthz`)).status, 200);
    const { code, stderr } = await home.run(["call", "fib", "10"]);
    assert.equal(code, 0, stderr);
    // Whoever was first has gone, and not for want of handles.
    assert.equal(await sockets[0]?.read(new Uint8Array(1)).catch(() => null), null);
    assert.doesNotMatch(server.stderr, /Too many open files/);
  } finally {
    for (const socket of sockets) socket.close();
  }
});
