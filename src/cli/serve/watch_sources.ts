import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";

/** Changes that come within this time are one: editors write a file in several steps. */
const settleMs = 100;

/** What the procedures of a server are written in. */
export interface Sources {
  readonly module?: string | undefined;
  readonly exec?: readonly string[] | undefined;
}

/**
 * Calls `reload` after each change below the directories of the module and of the files that `exec`
 * names, one after the other; a failure is logged, and the next change tries again. Directories of
 * installed packages and hidden ones are left out. Never returns: it goes with the process.
 */
export async function watchSources(
  sources: Sources,
  reload: () => Promise<void>,
  log: Logger,
): Promise<void> {
  const directories = directoriesOf(sources);
  if (directories.length === 0) {
    log.warn("Cannot watch: the command names no file. Name the program by its path");
    return;
  }
  log.info("Watching for changes", { directories: directories.join(", ") });
  const change = changes(directories);
  let text = await change.next();
  while (!text.done) {
    log.info("Reloading", { because: text.value });
    try {
      await reload();
      log.info("Reloaded");
    } catch (error) {
      log.error(`Not reloaded, serving on as before: ${messageOf(error)}`);
    }
    text = await change.next();
  }
}

function directoriesOf({ module, exec = [] }: Sources): string[] {
  const files = exec.filter((word) => {
    try {
      return Deno.statSync(word).isFile;
    } catch {
      return false;
    }
  });
  if (module !== undefined) {
    files.push(module.startsWith("file:") ? fileURLToPath(module) : module);
  }
  return [...new Set(files.map((file) => dirname(resolve(file))))];
}

/** The path of a changed file each time that changes have come and settled. */
async function* changes(directories: readonly string[]): AsyncGenerator<string, void> {
  let changed: string | undefined;
  let wake = Promise.withResolvers<void>();
  const listen = async () => {
    for await (const { kind, paths } of Deno.watchFs([...directories])) {
      const path = paths.find((path) => isSource(path, directories));
      if (kind === "access" || path === undefined) continue;
      changed = path;
      wake.resolve();
    }
  };
  void listen();
  while (true) {
    await wake.promise;
    // The last change counts: until then more of the same save may come.
    let seen: string | undefined;
    do {
      seen = changed;
      changed = undefined;
      wake = Promise.withResolvers<void>();
      const settled = Promise.withResolvers<void>();
      systemClock.after(settleMs, settled.resolve);
      await settled.promise;
    } while (changed !== undefined);
    if (seen !== undefined) yield seen;
  }
}

function isSource(path: string, directories: readonly string[]): boolean {
  const directory = directories.find((one) => path.startsWith(one + sep));
  if (directory === undefined) return false;
  const parts = path.slice(directory.length + 1).split(sep);
  return !parts.some((part) =>
    part.startsWith(".") || part === "node_modules" || part === "__pycache__" ||
    part.endsWith("~")
  );
}
