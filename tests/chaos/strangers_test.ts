/** One caller that does its worst to a real server, while others call. */

import assert from "node:assert/strict";
import { RpcHome, type RpcServerProcess } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { chaosTest } from "./cluster.ts";

const megabyte = 1_000_000;

const lines = (count: number, method: string, params: unknown, timeoutMs: number) =>
  Array.from(
    { length: count },
    (_, id) => `${JSON.stringify({ jsonrpc: "2.0", id, method, params, meta: { timeoutMs } })}\n`,
  ).join("");

/** Sends all, and reads nothing. */
async function send(server: RpcServerProcess, text: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
  return conn;
}

function rssMb(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1_024);
}

async function othersAreServed(home: RpcHome, repeat: string): Promise<void> {
  for (const method of [["ping"], ["fib", "15"]]) {
    const { code, stderr } = await home.run(["call", ...method, "--repeat", repeat]);
    assert.equal(code, 0, stderr);
  }
}

const canReadMemory = Deno.build.os === "linux";

chaosTest(
  "700 results of a megabyte that nobody reads cost no worker, little memory, and others nothing",
  async () => {
    await using home = await RpcHome.create();
    const module = `${home.directory}/tasks.ts`;
    await Deno.writeTextFile(
      module,
      'export function large(length: number) { return "x".repeat(length); }\n',
    );
    const server = await home.serve(["127.0.0.1", "0", module, "--workers", "2"]);
    const before = canReadMemory ? rssMb(server.pid) : 0;
    const conn = await send(server, lines(700, "large", [megabyte], 60_000));
    try {
      await othersAreServed(home, "200");
      const after = canReadMemory ? rssMb(server.pid) : 0;
      assert.ok(after - before < 200, `memory went from ${before} MB to ${after} MB`);
      assert.doesNotMatch(server.stderr, /Killed a worker|A worker ended/);
    } finally {
      conn.close();
    }
  },
);

chaosTest("calls without end on all workers keep others from them for a second, once", async () => {
  await using home = await RpcHome.create();
  const server = await home.serve(["--workers", "2"]);
  const conn = await send(server, lines(100, "fib", [78], 24 * 60 * 60 * 1_000));
  try {
    await othersAreServed(home, "200");
    await waitFor("one of them to have been stopped", () => {
      return /Killed a worker .*kept others from the workers/.test(server.stderr);
    });
  } finally {
    conn.close();
  }
});
