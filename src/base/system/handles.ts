import { isOutOfHandles } from "../errors.ts";
import { isGranted } from "./is_granted.ts";

/**
 * The error of a failed name look-up, or the lack of file handles behind it: the resolver cannot
 * open its files then, and reports the name as unknown.
 */
export function lookUpError(error: unknown, host: string): unknown {
  const isName = /[a-z]/i.test(host) && !host.includes(":");
  if (!isName || isOutOfHandles(error)) return error;
  try {
    openNothing()?.close();
    return error;
  } catch (shortage) {
    return isOutOfHandles(shortage) ? shortage : error;
  }
}

/**
 * Takes a file handle. `undefined` if the program may open no file: nobody is to be asked for that.
 *
 * @throws there is no handle left, for one
 */
export function openNothing(): Deno.FsFile | undefined {
  const path = Deno.build.os === "windows" ? "NUL" : "/dev/null";
  return isGranted({ name: "read", path }) ? Deno.openSync(path) : undefined;
}

/** How many more file handles this process may take; `undefined` where that cannot be known. */
export function handlesLeft(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  if (!isGranted({ name: "read", path: "/proc/self" })) return undefined;
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    const [, limit] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    if (limit === undefined) return undefined;
    return Number(limit) - [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return undefined;
  }
}

/** One handle in so many is left for what is no connection: workers, files, the registry. */
const sparedShare = 4;

/** Most handles that are left so. */
const sparedMax = 1_024;

/**
 * How many connections a server may hold: as many as it wants, or fewer where the system lets this
 * process have few handles. Otherwise one address could take all of them before it has its share of
 * the connections, and no lost worker could be replaced.
 */
export function connectionsWithin(
  wanted: number,
  handles: number | undefined = handlesLeft(),
): number {
  if (handles === undefined) return wanted;
  const spared = Math.min(Math.ceil(handles / sparedShare), sparedMax);
  return Math.max(1, Math.min(wanted, handles - spared));
}
