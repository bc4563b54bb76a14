import { openNothing } from "./handles.ts";
import { isOutOfHandles } from "../errors.ts";

/** How many files are open at once while modules are loaded: the runtime reads them one by one. */
const handlesToLoad = 4;

/**
 * Returns a function that loads a module which a process does not need at its start, once, unless
 * no file can be opened now: the runtime remembers for ever that a module could not be loaded,
 * although a process without free file handles may have some again later.
 *
 * It rejects if no file can be opened now, or with what loading throws, and then may be called
 * again.
 */
export function loadLater<Module extends object>(
  load: () => Promise<Module>,
): () => Promise<Module> {
  let loaded: Module | undefined;
  return async () => {
    if (loaded === undefined) {
      lookForHandles();
      loaded = await load();
    }
    return loaded;
  };
}

/** @throws no file can be opened now */
function lookForHandles(): void {
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
}
