import { isOutOfHandles } from "./handles.ts";

/** Files that are opened at once to load modules: the runtime reads one after the other. */
const handlesToLoad = 4;

/**
 * Loads what a process does not need at its start, unless no file can be opened now: the runtime
 * keeps for ever that a module could not be loaded, and a process that is out of file handles has
 * some again later.
 *
 * @throws no file can be opened now, or what loading throws
 */
export async function loadLater<Module>(load: () => Promise<Module>): Promise<Module> {
  const taken: Deno.FsFile[] = [];
  try {
    while (taken.length < handlesToLoad) {
      taken.push(Deno.openSync(Deno.build.os === "windows" ? "NUL" : "/dev/null"));
    }
  } catch (error) {
    // Whoever may not open it has loaded all at its start.
    if (isOutOfHandles(error)) throw error;
  } finally {
    for (const file of taken) file.close();
  }
  return await load();
}
