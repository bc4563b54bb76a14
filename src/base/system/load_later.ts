import { isOutOfHandles, openNothing } from "./handles.ts";

/** How many files are open at once while modules are loaded: the runtime reads them one by one. */
const handlesToLoad = 4;

/**
 * Loads a module that a process does not need at its start, unless no file can be opened now: the
 * runtime remembers for ever that a module could not be loaded, although a process without free
 * file handles may have some again later.
 *
 * @throws no file can be opened now, or what loading throws
 */
export async function loadLater<Module>(load: () => Promise<Module>): Promise<Module> {
  const taken: Deno.FsFile[] = [];
  try {
    for (let i = 0; i < handlesToLoad; i++) {
      const file = openNothing();
      if (file !== undefined) taken.push(file);
    }
  } catch (error) {
    if (isOutOfHandles(error)) throw error;
  } finally {
    for (const file of taken) file.close();
  }
  return await load();
}
