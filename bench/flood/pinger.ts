/**
 * An honest caller: `ping` after `ping`, one at a time, or what else `kind` says. Takes `{port,
 * kind, durationMs}`, prints how long they took. With `hostile` it also is a client of so many
 * hostile servers.
 */

import { connect } from "../../src/mod.ts";
import { quantileOf } from "../../src/base/quantile.ts";
import { answerBytes, requestBytes } from "../peers/echo_bytes.ts";
import { hostileEndpoints, post } from "./ways.ts";

const { port, kind, durationMs, hostile = 0, opens, warmupMs = 200 } = JSON.parse(
  Deno.args[0] ?? "",
);

/** So long after all should be over nothing is waited for. */
const giveUpMs = 3_000;

/** Makes one call. */
type Ping = () => Promise<void>;

const kinds: Readonly<Record<string, () => Promise<Ping>>> = {
  library: () => byLibrary("ping", 1),
  fib: () => byLibrary("fib", 20),
  worker: () => byLibrary("length", ""),
  http: overHttp,
  echo: byEcho,
};
const ping = await kinds[kind]?.();
if (ping === undefined) throw new Error(`There is no ${kind}`);
if (hostile > 0) void callHostile();
const latenciesMs: number[] = [];
let failed = 0;
const startedAtMs = performance.now();
// One that is never answered counts as long as it was waited for.
setTimeout(() => {
  failed++;
  report();
}, warmupMs + 2 * durationMs + giveUpMs);
while (performance.now() - startedAtMs < warmupMs + durationMs) {
  const atMs = performance.now();
  try {
    await ping();
    if (atMs - startedAtMs >= warmupMs) latenciesMs.push(performance.now() - atMs);
  } catch (error) {
    if (failed++ === 0) console.error(String(error));
  }
}
report();

function report(): never {
  if (startedAtMs + warmupMs + durationMs > performance.now() || latenciesMs.length === 0) {
    latenciesMs.push(performance.now() - startedAtMs);
  }
  latenciesMs.sort((a, b) => a - b);
  const of = (share: number) => quantileOf(latenciesMs, share);
  console.log(JSON.stringify({
    calls: latenciesMs.length,
    failed,
    p50Ms: of(0.5),
    p99Ms: of(0.99),
    maxMs: latenciesMs.at(-1) ?? 0,
  }));
  Deno.exit(0);
}

async function byLibrary(method: string, parameter: number | string): Promise<Ping> {
  const client = await connect({ registry: `static:127.0.0.1:${port}` });
  return async () => {
    await client.call(method, [parameter]);
  };
}

/** Calls hostile servers, again and again. */
async function callHostile(): Promise<void> {
  const list = hostileEndpoints(hostile).map(({ hostname, port }) => `${hostname}:${port}`);
  const client = await connect({ registry: `static:${list.join(",")}` });
  const options = { timeoutMs: durationMs };
  while (true) {
    try {
      if (opens === undefined) await client.call("ping", [1], options);
      else for await (const _ of client.stream("count", [1_000_000], options));
    } catch {
      // As it is hostile.
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function byEcho(): Promise<Ping> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const buffer = new Uint8Array(64 * 1024);
  return async () => {
    await conn.write(requestBytes);
    for (let bytes = 0; bytes < answerBytes.length;) {
      const read = await conn.read(buffer);
      if (read === null) throw new Error("The echo closed the connection");
      bytes += read;
    }
  };
}

async function overHttp(): Promise<Ping> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay(true);
  const request = new TextEncoder().encode(post("/call/ping", "[1]"));
  const buffer = new Uint8Array(64 * 1024);
  const decoder = new TextDecoder();
  return async () => {
    await conn.write(request);
    for (let text = ""; !text.includes('"pong 1"');) {
      const read = await conn.read(buffer);
      if (read === null) throw new Error("The gateway closed the connection");
      text += decoder.decode(buffer.subarray(0, read));
    }
  };
}
