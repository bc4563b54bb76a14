/**
 * How long a program keeps a core before others that want it: the "slice" of Linux 6.12, which
 * `sched_setattr(2)` sets. A program of the usual policy is not interrupted during its slice,
 * whatever its priority, except by one whose slice is shorter.
 */

import { Buffer } from "node:buffer";
import { getPriority } from "node:os";
import { openCLibrary } from "../../src/base/system/c_library.ts";

/** Its number differs; glibc names it only from 2.41 on. */
const systemCall = { x86_64: 314, aarch64: 274 }[Deno.build.arch];

/** Of `struct sched_attr`: it is as long as this, and the slice is at that place. */
const attributesBytes = 56;
const nicenessAt = 16;
const sliceAt = 24;

/** What this thread has, in nanoseconds. Undefined where the system tells none. */
export function sliceNs(): bigint | undefined {
  try {
    const told = Deno.readTextFileSync("/proc/thread-self/sched");
    const found = /^se\.slice\s*:\s*(\d+)$/m.exec(told)?.[1];
    return found === undefined ? undefined : BigInt(found);
  } catch {
    return undefined;
  }
}

/** Sets the slice of this thread, and of what it starts from now on. For Linux. */
export function setSlice(ns: bigint): void {
  const library = openCLibrary({
    syscall: { parameters: ["i64", "i32", "buffer", "u32"], result: "i64" },
  });
  const attributes = Buffer.alloc(attributesBytes);
  attributes.writeUInt32LE(attributesBytes);
  attributes.writeInt32LE(getPriority(), nicenessAt);
  attributes.writeBigUInt64LE(ns, sliceAt);
  library?.symbols.syscall(BigInt(systemCall), 0, attributes, 0);
  library?.close();
}
