/**
 * Whether anybody still reads stdout, for what may write nothing for hours:
 * `rpc servers --watch | head -1` would wait for the next event to find out. A pipe tells it to
 * `poll`, which Deno has not; so the system's own is asked where it can be found, and elsewhere
 * nobody knows before the next write.
 */

/** `POLLERR`, `POLLHUP` and `POLLNVAL`: alike on Linux, macOS and the BSDs. */
const goneEvents = 0x8 | 0x10 | 0x20;

/**
 * Where the system's own functions are: the C libraries of most Linuxes, of Alpine, and of macOS.
 */
const libraries: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`],
  darwin: ["libSystem.dylib"],
};

/** Returns what asks whether the reader of stdout has gone. */
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
      // It is not here, or may not be asked.
    }
  }
  return undefined;
}
