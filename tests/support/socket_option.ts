import { openCLibrary } from "../../src/base/system/c_library.ts";

/** Levels of Linux' `getsockopt(2)`: `SOL_SOCKET` and `IPPROTO_TCP`. */
const ofSockets = 1;
const ofTcp = 6;

/** `TCP_NODELAY`: not 0 if what is written goes out at once. */
export const sendsAtOnce = { level: ofTcp, option: 1 } as const;

/** `SO_RCVBUF`: bytes that are held of a connection until they are read, twice those asked for. */
export const heldBytesMax = { level: ofSockets, option: 8 } as const;

/** `SO_BUF_LOCK`, of Linux since 5.14: 2 if so many bytes were asked for, and not what suits. */
export const heldBytesAskedFor = { level: ofSockets, option: 72 } as const;

/** An option of a socket of this process; `undefined`: the system does not know it. */
export function socketOption(
  descriptor: number,
  { level, option }: { readonly level: number; readonly option: number },
): number | undefined {
  const library = openCLibrary({
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
  const value = new Uint32Array(1);
  const length = new Uint32Array([4]);
  const failure = library?.symbols.getsockopt(descriptor, level, option, value, length);
  library?.close();
  return failure === 0 ? value[0] : undefined;
}
