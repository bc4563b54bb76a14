/**
 * Turns a file's size limit (`ulimit -f`, LimitFSIZE) into an error of the write, as for a full
 * disk: without a listener, the signal would end the process, at memory that is shared by a file as
 * well. The listener stays for good, since after its removal the next write would end the process.
 */
export function outliveFileSizes(): void {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}
