import { openCLibrary } from "../base/system/c_library.ts";

/**
 * Whether anybody still reads stdout, for commands that may write nothing for hours: otherwise
 * `rpc servers --watch | head -1` would only end at the next event. The system call `poll` tells it
 * of a pipe. Deno does not offer that, so the C library is called where it can be found; elsewhere
 * it is only known at the next write.
 */

/** `POLLERR`, `POLLHUP` and `POLLNVAL`: alike on Linux, macOS and the BSDs. */
const goneEvents = 0x8 | 0x10 | 0x20;

/** Returns a function that tells whether the reader of stdout has gone. */
export function openReaderCheck(os = Deno.build.os): () => boolean {
  const parameters = ["buffer", os === "darwin" ? "u32" : "u64", "i32"] as const;
  const library = openCLibrary({ poll: { parameters, result: "i32" } });
  if (library === undefined) return () => false;
  const { poll } = library.symbols;
  // struct pollfd: int fd, short events, short revents.
  const pollfd = new DataView(new ArrayBuffer(8));
  pollfd.setInt32(0, 1, true);
  return () => {
    pollfd.setInt16(6, 0, true);
    return poll(pollfd.buffer, 1, 0) > 0 && (pollfd.getInt16(6, true) & goneEvents) !== 0;
  };
}
