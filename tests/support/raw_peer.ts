/** Peers that speak for themselves, byte by byte. */

import assert from "node:assert/strict";
import { gatewayLingerMs } from "../../src/gateway/limits.ts";
import type { VirtualClock } from "./virtual_clock.ts";
import { waitFor } from "./wait_for.ts";

/** What has come of a peer so far. */
interface Received {
  /** One byte a character. */
  text: string;
  /** Whether the connection has ended, in whatever way. */
  isEnded: boolean;
}

/** Reads all that comes from now on. */
export function receive(conn: Deno.TcpConn): Received {
  const received = { text: "", isEnded: false };
  const reading = async () => {
    const buffer = new Uint8Array(64 * 1024);
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) {
      received.text += String.fromCharCode(...buffer.subarray(0, read));
    }
  };
  void reading().catch(() => {}).finally(() => received.isEnded = true);
  return received;
}

/** Writes a text of one byte a character, until the connection ends. */
export async function writeText(conn: Deno.TcpConn, text: string): Promise<void> {
  let rest = Uint8Array.from(text, (character) => character.charCodeAt(0));
  try {
    while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
  } catch {
    // It has ended.
  }
}

/** Has so many requests answered one after the other, each on a connection of its own. */
export async function roundTrips(url: string, count: number): Promise<void> {
  const { hostname, port } = new URL(url);
  for (let i = 0; i < count; i++) {
    using conn = await Deno.connect({ hostname, port: Number(port) });
    await writeText(conn, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await conn.read(new Uint8Array(1_000));
  }
}

/**
 * Waits for a gateway's last answer on a connection that it ends for what came on it. Returns
 * whether that lingers then, until a second has passed by the gateway's clock.
 */
export async function lingers(
  read: Received,
  isAnswered: () => boolean,
  { url, clock }: { readonly url: string; readonly clock: VirtualClock },
): Promise<boolean> {
  await waitFor("the answer", () => isAnswered() || read.isEnded);
  // By then it would have ended.
  await roundTrips(url, 20);
  if (read.isEnded) return false;
  await waitFor("the end", () => {
    clock.advance(gatewayLingerMs);
    return read.isEnded;
  });
  return true;
}

/**
 * Runs until a connection lingers: where a test of the same process has hundreds of descriptors
 * meanwhile, it may be too far from the others to be found.
 *
 * @param attempt returns whether one did
 */
export async function untilOneLingers(attempt: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 20; i++) if (await attempt()) return;
  assert.fail("None lingers");
}
