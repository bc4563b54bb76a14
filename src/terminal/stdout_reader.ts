/**
 * Whether anybody still reads stdout, for commands that may write nothing for hours: otherwise
 * `rpc servers --watch | head -1` would only end at the next event. The system call `poll` tells it
 * of a pipe. Deno does not offer that, so the C library is called where it can be found; elsewhere
 * it is only known at the next write.
 */

/** `POLLERR`, `POLLHUP` and `POLLNVAL`: alike on Linux, macOS and the BSDs. */
const goneEvents = 0x8 | 0x10 | 0x20;

/** The C libraries of most Linux systems, of Alpine Linux, and of macOS. */
const libraries: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`],
  darwin: ["libSystem.dylib"],
};

/** Returns a function that tells whether the reader of stdout has gone. */
export function openReaderCheck(): () => boolean {
  const poll = openPoll();
  if (poll === undefined) return () => false;
  // struct pollfd: int fd, short events, short revents.
  const pollfd = new DataView(new ArrayBuffer(8));
  pollfd.setInt32(0, 1, true);
  return () => {
    pollfd.setInt16(6, 0, true);
    return poll(pollfd.buffer, 1n, 0) > 0 && (pollfd.getInt16(6, true) & goneEvents) !== 0;
  };
}

function openPoll() {
  for (const library of libraries[Deno.build.os] ?? []) {
    try {
      const parameters = ["buffer", Deno.build.os === "darwin" ? "u32" : "u64", "i32"] as const;
      return Deno.dlopen(library, { poll: { parameters, result: "i32" } }).symbols.poll;
    } catch {
      // The library is not there, or we may not call it.
    }
  }
  return undefined;
}
