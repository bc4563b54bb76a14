/** Names of the C library: of most Linux systems, Alpine Linux and macOS; and what Windows has. */
const names: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`],
  darwin: ["libSystem.B.dylib"],
  windows: ["kernel32.dll"],
};

/**
 * Functions of the C library, for what Deno does not offer. `undefined` where there is no such
 * library or function, and where a sandbox forbids to call them. A program of few permissions is
 * asked for one: see `isGranted({ name: "ffi" })`.
 */
export function openCLibrary<const Functions extends Deno.ForeignLibraryInterface>(
  functions: Functions,
): Deno.DynamicLibrary<Functions> | undefined {
  for (const name of names[Deno.build.os] ?? []) {
    try {
      return Deno.dlopen(name, functions);
    } catch {
      // The next name may be right.
    }
  }
  return undefined;
}
