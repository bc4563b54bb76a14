import assert from "node:assert/strict";
import { networkFilter } from "../../../src/workers/sandbox/network_filter.ts";

const allowed = 0x7fff_0000;
const refused = 0x0005_000d;
const killed = 0x8000_0000;

/** What the kernel would do, of a call with this number and first argument. */
function verdict(arch: string, architecture: number, number: number, argument: number): number {
  const steps = networkFilter(arch) as Uint8Array<ArrayBuffer>;
  const view = new DataView(steps.buffer);
  const data: Readonly<Record<number, number>> = { 0: number, 4: architecture, 16: argument };
  let loaded = NaN;
  for (let at = 0; at < steps.length; at += 8) {
    const value = view.getUint32(at + 4, true);
    const skip = (holds: boolean) => 8 * view.getUint8(at + (holds ? 2 : 3));
    switch (view.getUint16(at, true)) {
      case 0x20:
        loaded = data[value] as number;
        break;
      case 0x15:
        at += skip(loaded === value);
        break;
      case 0x35:
        at += skip(loaded >= value);
        break;
      case 0x06:
        return value;
      default:
        throw new Error(`no such step at ${at}`);
    }
  }
  throw new Error("it has no end");
}

Deno.test("of sockets a filter lets only those of Unix be opened, on each processor", () => {
  for (
    const [arch, architecture, socket] of [
      ["x86_64", 0xc000_003e, 41],
      ["aarch64", 0xc000_00b7, 198],
    ] as const
  ) {
    const of = (number: number, argument = 0) => verdict(arch, architecture, number, argument);
    assert.equal(of(socket, 1), allowed);
    // IPv4, IPv6, netlink, packets, virtual machines
    for (const family of [2, 10, 16, 17, 40]) assert.equal(of(socket, family), refused);
    assert.equal(of(425), refused, "io_uring");
    for (const other of [0, 1, 53, 199, 424, 426, 450]) assert.equal(of(other, 2), allowed);
    assert.equal(of(0x4000_0000 + socket, 2), refused, "the other interface");
    assert.equal(verdict(arch, 0x4000_0003, 359, 2), killed, "32 bits");
  }
  assert.equal(networkFilter("riscv64"), undefined);
});
