/**
 * The bytes that a ping is on our wire, for the echo: what it carries costs the kernel as much as
 * ours.
 */

import { encodeRequest, encodeResult } from "../../src/wire/codec.ts";

// An id and an index as they are after a while, and the deadline of a call that brings none.
const id = 123_456;
const index = 23_456;
const utf8 = new TextEncoder();

/** One request of `ping`. */
export const requestBytes = utf8.encode(
  encodeRequest(id, "ping", [index], 10_000),
);

/** Its answer. */
export const answerBytes = utf8.encode(encodeResult(id, `pong ${index}`));

/** The same bytes that many times. */
export function repeated(bytes: Uint8Array, count: number): Uint8Array {
  const result = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) result.set(bytes, i * bytes.length);
  return result;
}

/** Writes all of the bytes. */
export async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await connection.write(bytes.subarray(written));
  }
}
