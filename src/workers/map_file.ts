import { openCLibrary } from "../base/system/c_library.ts";
import { isGranted } from "../base/system/is_granted.ts";

/** `O_RDWR` and `O_CLOEXEC` of Linux' `open(2)`. */
const readWriteClosedOnExec = 0o2 | 0o2000000;
/** `PROT_READ` and `PROT_WRITE` of `mmap(2)`. */
const readWrite = 1 | 2;
/** `MAP_SHARED` of `mmap(2)`. */
const shared = 1;
/** `MAP_FAILED` of `mmap(2)`. */
const failed = 2n ** 64n - 1n;

/** The first bytes of a file, in memory that is shared with other processes. */
export interface MappedFile {
  readonly buffer: ArrayBuffer;
  /** Gives the memory back. Whatever touches the buffer afterwards ends the process. */
  unmap(): void;
}

/**
 * Maps the first bytes of a file into memory, shared with other processes that have it open.
 * `undefined` where that is not possible. The file may be shorter, but whatever is touched must be
 * there, and stay so.
 */
export function mapFile(path: string, bytes: number): MappedFile | undefined {
  // Elsewhere the numbers above mean something else.
  if (Deno.build.os !== "linux") return undefined;
  if (!isGranted({ name: "ffi" })) return undefined;
  const library = openCLibrary({
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
    munmap: { parameters: ["pointer", "usize"], result: "i32" },
  });
  if (library === undefined) return undefined;
  const { open, close, mmap, munmap } = library.symbols;
  const number = open(new TextEncoder().encode(`${path}\0`), readWriteClosedOnExec);
  // With a file that could not be opened this fails, too.
  const pointer = mmap(null, BigInt(bytes), readWrite, shared, number, 0n);
  close(number);
  if (pointer === null || Deno.UnsafePointer.value(pointer) === failed) {
    library.close();
    return undefined;
  }
  return {
    buffer: Deno.UnsafePointerView.getArrayBuffer(pointer, bytes),
    unmap() {
      munmap(pointer, BigInt(bytes));
      library.close();
    },
  };
}
