/**
 * A filter of system calls (`seccomp(2)`), by which a process and all that it starts open no
 * sockets but those of Unix. Landlock holds TCP alone: UDP goes past it, and so do connections of
 * TCP that are made as ones of MPTCP.
 */

/** Processors, by `AUDIT_ARCH_*`, with the number of `socket(2)`. */
const processors = {
  x86_64: { architecture: 0xc000_003e, socket: 41 },
  aarch64: { architecture: 0xc000_00b7, socket: 198 },
} as const;

/** `io_uring_setup(2)`, by which sockets are opened without that call. */
const ioUringSetup = 425;

/** From here on the numbers of x86_64 mean those of its other interface (x32). */
const otherInterface = 0x4000_0000;

/** `AF_UNIX`. */
const unix = 1;

/** Where the number of a call is, the processor, and the lower half of its first argument. */
const numberAt = 0;
const architectureAt = 4;
const firstArgumentAt = 16;

/** `BPF_LD | BPF_W | BPF_ABS`, and two comparisons, and `BPF_RET`. */
const load = 0x20;
const ifEqual = 0x15;
const ifAtLeast = 0x35;
const result = 0x06;

/** `SECCOMP_RET_ALLOW`, `SECCOMP_RET_ERRNO` with `EACCES`, and `SECCOMP_RET_KILL_PROCESS`. */
const allow = 0x7fff_0000;
const refuse = 0x0005_0000 | 13;
const kill = 0x8000_0000;

/** One step: what it does, how many steps to skip if a comparison holds or not, and its number. */
type Step = readonly [code: number, ifTrue: number, ifFalse: number, number: number];

/** The filter as the kernel reads it; `undefined`: not known for this processor. */
export function networkFilter(
  arch: string = Deno.build.arch,
): Uint8Array<ArrayBuffer> | undefined {
  const processor = Object.entries(processors).find(([name]) => name === arch)?.[1];
  if (processor === undefined) return undefined;
  const steps: readonly Step[] = [
    [load, 0, 0, architectureAt],
    // Programs of 32 bits have other calls.
    [ifEqual, 1, 0, processor.architecture],
    [result, 0, 0, kill],
    [load, 0, 0, numberAt],
    [ifAtLeast, 5, 0, otherInterface],
    [ifEqual, 4, 0, ioUringSetup],
    [ifEqual, 0, 2, processor.socket],
    [load, 0, 0, firstArgumentAt],
    [ifEqual, 0, 1, unix],
    [result, 0, 0, allow],
    [result, 0, 0, refuse],
  ];
  const view = new DataView(new ArrayBuffer(8 * steps.length));
  for (const [index, [code, ifTrue, ifFalse, number]] of steps.entries()) {
    view.setUint16(8 * index, code, true);
    view.setUint8(8 * index + 2, ifTrue);
    view.setUint8(8 * index + 3, ifFalse);
    view.setUint32(8 * index + 4, number, true);
  }
  return new Uint8Array(view.buffer);
}
