import { openCLibrary } from "../base/system/c_library.ts";

/** `O_RDWR` and `O_CLOEXEC` of Linux' `open(2)`. */
const readWriteClosedOnExec = 0o2 | 0o2000000;
/** `PROT_READ` and `PROT_WRITE` of `mmap(2)`. */
const readWrite = 1 | 2;
/** `MAP_SHARED` of `mmap(2)`. */
const shared = 1;
/** `MAP_FAILED` of `mmap(2)`. */
const failed = 2n ** 64n - 1n;

/**
 * Maps the first bytes of a file into memory, shared with other processes that have it open, until
 * this process ends. `undefined` where that is not possible. The file must be at least that long,
 * and stay so.
 */
export function mapFile(path: string, bytes: number): ArrayBuffer | undefined {
  // Elsewhere the numbers above mean something else.
  if (Deno.build.os !== "linux") return undefined;
  const library = openCLibrary({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  });
  if (library === undefined) return undefined;
  const { open, close, mmap } = library.symbols;
  const number = open(new TextEncoder().encode(`${path}\0`), readWriteClosedOnExec);
  // With a file that could not be opened this fails, too.
  const pointer = mmap(null, BigInt(bytes), readWrite, shared, number, 0n);
  close(number);
  library.close();
  if (pointer === null || Deno.UnsafePointer.value(pointer) === failed) return undefined;
  return Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
}
