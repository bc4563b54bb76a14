/**
 * Processor time that JSON alone costs a process through which a text passes as a value, as the
 * client's and the worker's are: its bytes made a string, read, printed and made bytes again.
 * Nothing that is called with values can do with less:
 *
 *     deno run bench/json_floor.ts
 */

import process from "node:process";

const lengths = [10_000, 100_000, 4 * 1024 * 1024];
const bytesInAll = 400_000_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

for (const length of lengths) {
  const bytes = encoder.encode(JSON.stringify(["x".repeat(length)]));
  const buffer = new Uint8Array(bytes.length);
  const pass = () => {
    encoder.encodeInto(JSON.stringify(JSON.parse(decoder.decode(bytes))), buffer);
  };
  const times = Math.round(bytesInAll / length);
  for (let i = 0; i < times / 4; i++) pass();
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) pass();
  const { user, system } = process.cpuUsage(before);
  console.log(`${length} characters: ${((user + system) / times).toPrecision(3)} µs`);
}
