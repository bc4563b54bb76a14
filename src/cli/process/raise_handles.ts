import { openCLibrary } from "../../base/system/c_library.ts";

/** The number of the limit on file handles, on Linux. */
const openFiles = 7;

/** As many as a unit of `rpc service` has: more than a server takes connections. */
const handlesWanted = 65_536n;

const functions = {
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/**
 * Lets this process have more file handles where only its soft limit (`ulimit -S -n`) keeps it from
 * them, as that of most shells, 1,024, which a stranger's idle connections use up. The runtime does
 * so by itself, but not in a binary. Only on Linux.
 */
export function raiseHandles(): void {
  if (Deno.build.os !== "linux") return;
  const library = openCLibrary(functions);
  if (library === undefined) return;
  const { getrlimit, setrlimit } = library.symbols;
  const limits = new BigUint64Array(2);
  if (getrlimit(openFiles, limits) === 0) {
    const [soft = 0n, hard = 0n] = limits;
    limits[0] = hard < handlesWanted ? hard : handlesWanted;
    if (limits[0] > soft) setrlimit(openFiles, limits);
  }
  library.close();
}
