/** Keys that are renewed while much is under way on connections whose certificates end. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { clusterName } from "../../src/keys/names.ts";
import { openAuthority } from "../../src/keys/authority.ts";
import { type GatewayProcess, startGateway } from "../support/gateway_process.ts";
import { python } from "../support/python.ts";
import { RpcHome, type RpcProcess } from "../support/rpc_process.ts";
import { TestCluster } from "../support/test_pki.ts";
import { waitFor } from "../support/wait_for.ts";

/**
 * How long the keys are good at first, in seconds: until all that calls has begun, which takes
 * longer on a busy machine.
 */
const lives = [3, 20, 120];
const rate = 100;
/** How long streams may take: longer than the keys of the last attempt are good. */
const streamMs = 600_000;
/**
 * How long before the old keys end all that calls has to have the new ones in time to be judged: a
 * busy machine takes seconds to tell of them.
 */
const inTimeMs = 10_000;

const module = `
import { defineProcedure, z } from "rpc";
export const ticks = defineProcedure({
  input: z.tuple([]), output: z.int(), kind: "io", description: "", stream: true,
}, async function* () {
  for (let i = 0;; i++) {
    yield i;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
`;

const pythonCalls = `
import asyncio, os, rpc_client
async def main():
    async with rpc_client.AsyncClient() as client:
        calls = 0
        async def one():
            assert await client.call("fib", [10], timeout=120) == 55
        pending = set()
        async def read():
            expected = 0
            async for tick in client.stream("ticks", timeout=${streamMs / 1_000}):
                assert tick == expected
                expected += 1
        reading = asyncio.ensure_future(read())
        await client.call("fib", [10])
        print("begun", flush=True)
        while not os.path.exists("over"):
            pending.add(asyncio.ensure_future(one()))
            calls += 1
            await asyncio.sleep(${1 / rate})
            assert not reading.done(), reading
        reading.cancel()
        await asyncio.gather(*pending)
        print(calls)
asyncio.run(main())
`;

/** Lets a home's keys end soon. The authority's key is not there until `give` is called. */
async function endSoon(home: RpcHome, lifeS: number): Promise<{ endMs: number; give(): void }> {
  const at = `${home.directory}/config/rpc/keys`;
  const ca = {
    certificate: Deno.readTextFileSync(`${at}/ca.crt`),
    privateKey: Deno.readTextFileSync(`${at}/ca.key`),
  };
  const { cluster } = await openAuthority(ca);
  await using other = await TestCluster.create();
  const endMs = Math.floor(Date.now() / 1_000 + lifeS) * 1_000;
  const pair = await other.faulty({
    name: "alpha",
    signer: ca,
    dns: [clusterName(cluster)],
    toDays: (endMs - Date.now()) / 86_400_000,
  });
  Deno.writeTextFileSync(`${at}/machine.key`, pair.privateKey);
  Deno.writeTextFileSync(`${at}/machine.crt`, pair.certificate);
  // Who renews has to have the rights that it was given.
  const issued = Deno.readTextFileSync(`${at}/issued.ndjson`);
  Deno.writeTextFileSync(`${at}/issued.ndjson`, issued.replace(",admin", ""));
  // A server that could would renew them at its start.
  Deno.removeSync(`${at}/ca.key`);
  const give = () => Deno.writeTextFileSync(`${at}/ca.key`, ca.privateKey, { mode: 0o600 });
  return { endMs, give };
}

/** How often the server says that somebody has come. */
function callers(server: RpcProcess): number {
  return server.stderr.split("A caller has come").length - 1;
}

Deno.test("no call or stream fails while keys that end are renewed: of a client, Python's, and a gateway's by HTTP and WebSocket", async () => {
  for (const lifeS of lives) {
    const times = { endMs: 0, renewedMs: Infinity };
    try {
      return await callsWhileKeysEnd(lifeS, times);
    } catch (error) {
      // Otherwise they have ended before all had new ones.
      if (times.renewedMs < times.endMs - inTimeMs || lifeS === lives.at(-1)) throw error;
    }
  }
});

async function callsWhileKeysEnd(
  lifeS: number,
  times: { endMs: number; renewedMs: number },
): Promise<void> {
  await using home = await RpcHome.create();
  await home.run(["keys", "init", "--name", "alpha"]);
  Deno.writeTextFileSync(`${home.workingDirectory}/ticks.js`, module);
  const { endMs, give } = await endSoon(home, lifeS);
  times.endMs = endMs;
  const served = await home.serve(["127.0.0.1", "0", "ticks.js", "--workers", "2"]);
  const server = served.process;
  const flags = ["--duration", "1h", "--rate", `${rate}`, "--summary", "json"];
  const load = home.start(["call", "ping", ...flags]);
  const snake = python === undefined ? undefined : home.start([], {
    command: [python, "-B", "-c", pythonCalls],
    env: { PYTHONPATH: fileURLToPath(new URL("../../clients/python", import.meta.url)) },
  });
  const gateway = await startGateway(home);
  await Promise.all([load.line(/pong/), snake?.line(/begun/), callOverHttp(gateway)]);

  const over = new AbortController();
  const streams = Promise.all([
    ticksOverHttp(gateway, over.signal),
    ticksOverWebSocket(gateway, over.signal),
  ]);
  const calls: Promise<void>[] = [];
  const beat = setInterval(() => {
    const call = callOverHttp(gateway);
    // Whatever fails first is told; all are waited for at the end.
    call.catch(() => {});
    calls.push(call);
  }, 1_000 / rate);
  const all = (async () => {
    const before = callers(server);
    give();
    const renewed = await home.run(["keys", "renew"]);
    assert.equal(renewed.code, 0, renewed.stderr);
    await server.says(/Loaded new keys/);
    times.renewedMs = Date.now();
    assert.ok(times.renewedMs < endMs, "new keys come too late");
    const clients = snake === undefined ? 2 : 3;
    await waitFor(() => server.describe(), () => callers(server) >= before + clients);
    await callOverHttp(gateway);
  })();
  all.catch(() => {});
  streams.catch(() => {});
  await Promise.race([all, streams]).finally(() => {
    clearInterval(beat);
    over.abort();
  });
  await Promise.all(calls);
  assert.ok((await streams).every((ticks) => ticks > 0));
  Deno.writeTextFileSync(`${home.workingDirectory}/over`, "");
  assert.equal(await snake?.ended() ?? 0, 0, snake?.describe());
  load.signal("SIGINT");
  await load.ended();
  const summary = JSON.parse(load.stderr.slice(load.stderr.indexOf("{")));
  assert.ok(summary.calls > 0);
  assert.equal(summary.errors, 0, load.stderr);
  assert.equal(await served.stop(), 0);
}

async function callOverHttp(gateway: GatewayProcess): Promise<void> {
  const answer = await gateway.call("fib", [10]);
  assert.equal(await answer.text(), "55\n");
}

/** Items of an endless stream until it is over; how many there were. */
async function ticksOverHttp(gateway: GatewayProcess, over: AbortSignal): Promise<number> {
  const { body } = await gateway.fetch("/call/ticks", {
    method: "POST",
    headers: {
      accept: "text/event-stream",
      "content-type": "application/json",
      "rpc-timeout-ms": `${streamMs}`,
    },
    body: "[]",
  });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  over.addEventListener("abort", () => reader.cancel());
  for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  assert.doesNotMatch(text, /error/);
  return text.split("data:").length - 1;
}

/** The same over a WebSocket, beside calls without a pause; how many items there were. */
async function ticksOverWebSocket(gateway: GatewayProcess, over: AbortSignal): Promise<number> {
  const socket = new WebSocket(gateway.url.replace("http", "ws"), [
    "rpc",
    `bearer.${gateway.token}`,
  ]);
  const ended = Promise.withResolvers<number>();
  let ticks = 0;
  let id = 0;
  const send = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  const ping = () => send({ id: ++id, method: "fib", params: [5] });
  socket.onopen = () => {
    send({ id: "s", method: "ticks", meta: { stream: 1_000, timeoutMs: streamMs } });
    ping();
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.method === "rpc.item") ticks += message.params.items.length;
    else if (message.result === 5 && !over.aborted) setTimeout(ping, 10);
    else if (message.result !== 5) ended.reject(new Error(data));
  };
  socket.onclose = () => over.aborted ? ended.resolve(ticks) : ended.reject(new Error("closed"));
  over.addEventListener("abort", () => socket.close());
  return await ended.promise;
}
