/** What the system says where a process, or the whole machine, has no file handle left. */
const outOfHandlesCodes: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** How deep causes are looked through: they are a few, and may lead round in a circle. */
const causesMax = 8;

/** Whether something failed for want of file handles, which is this process's own trouble. */
export function isOutOfHandles(error: unknown): boolean {
  let cause = error;
  for (let depth = 0; depth < causesMax && cause instanceof Error; depth++) {
    if (outOfHandlesCodes.has((cause as { code?: unknown }).code)) return true;
    cause = cause.cause;
  }
  return false;
}

/**
 * The error of a failed look-up, or the one behind it: without a handle for the file of known hosts
 * every name is unknown, and the system says no more.
 */
export function lookUpError(error: unknown, host: string): unknown {
  const isName = /[a-z]/i.test(host) && !host.includes(":");
  if (!isName || isOutOfHandles(error)) return error;
  try {
    Deno.openSync(Deno.build.os === "windows" ? "NUL" : "/dev/null").close();
    return error;
  } catch (shortage) {
    return isOutOfHandles(shortage) ? shortage : error;
  }
}

/**
 * How many more file handles this process may take; `undefined` where the system does not tell, or
 * not this process.
 */
export function handlesLeft(): number | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    const [, limit] = /^Max open files +(\d+)/m.exec(limits) ?? [];
    if (limit === undefined) return undefined;
    return Number(limit) - [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return undefined;
  }
}
