/**
 * Company that behaves badly: procedures that print, wedge, spawn and fail over others, and deaf
 * clients.
 */

import type { Cluster, Load } from "./cluster.ts";
import { pause } from "./gremlin.ts";

/** Requests for results of 900 kB that a deaf client makes before it listens to none of them. */
const deafRequests = 200;

/** How long a deaf client stays before the next one comes. */
const deafForMs = 5_000;

/**
 * A service that is overloaded for as long as the test lasts: one worker, no queue, and a call that
 * never returns. Resolves to its address as a registry.
 */
export async function startOverloaded(cluster: Cluster, stack: AsyncDisposableStack) {
  const server = await cluster.serve({ args: ["--service", "backend", "--queue-max", "0"] });
  const { address } = server;
  const [hostname = "", port] = address.split(":");
  const socket = await Deno.connect({ hostname, port: Number(port) });
  stack.defer(() => socket.close());
  await socket.write(
    line({ jsonrpc: "2.0", id: 1, method: "hang", meta: { timeoutMs: 3_600_000 } }),
  );
  return `static:${address}`;
}

/** A client that calls each of the unruly procedures in turn. */
export function startUnruly(cluster: Cluster, timeoutMs: number): Promise<Load> {
  return cluster.load({
    methods: ["chatter", "relay", "spawner", "wedge"],
    callers: 1,
    pauseMs: 300,
    timeoutMs,
  });
}

/** Connects to a server again and again, asks it for much, and reads nothing of what it answers. */
export async function stayDeaf(port: () => number, isOver: () => boolean): Promise<number> {
  const request = line({ jsonrpc: "2.0", id: 1, method: "bulk", params: [] });
  let visits = 0;
  while (!isOver()) {
    try {
      using socket = await Deno.connect({ hostname: "127.0.0.1", port: port() });
      for (let i = 0; i < deafRequests; i++) await socket.write(request);
      visits++;
      for (let waitedMs = 0; waitedMs < deafForMs && !isOver(); waitedMs += 100) await pause(100);
    } catch {
      // The server has just been killed, or has had enough of this client: the next visit tells.
      await pause(200);
    }
  }
  return visits;
}

function line(message: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(message)}\n`);
}
