import { openCLibrary } from "../../src/base/system/c_library.ts";

/** `SOL_SOCKET` of Linux' `getsockopt(2)`. */
const ofSockets = 1;

/** `SO_RCVBUF`: bytes that are held of a connection until they are read, twice those asked for. */
export const heldBytesMax = 8;

/** `SO_BUF_LOCK`, of Linux since 5.14: 2 if so many bytes were asked for, and not what suits. */
export const heldBytesAskedFor = 72;

/** An option of a socket of this process; `undefined`: the system does not know it. */
export function socketOption(descriptor: number, option: number): number | undefined {
  const library = openCLibrary({
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
  const value = new Uint32Array(1);
  const length = new Uint32Array([4]);
  const failure = library?.symbols.getsockopt(descriptor, ofSockets, option, value, length);
  library?.close();
  return failure === 0 ? value[0] : undefined;
}
