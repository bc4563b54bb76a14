/**
 * Paths of files for code that runs at every start. Loading `node:path` would add a fifth to the
 * time of a program that makes one call.
 */

const isWindows = Deno.build.os === "windows";
const separator = isWindows ? "\\" : "/";
const separators = isWindows ? /[\\/]/ : "/";

/** Puts a path's parts together; none may be empty. */
export function joinPath(...parts: readonly string[]): string {
  return parts.join(separator);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split(separators).at(-1) ?? "";
}

/** Whether a path does not depend on the working directory. */
export function isAbsolutePath(path: string): boolean {
  return isWindows ? /^([A-Za-z]:|\\)[\\/]/.test(path) : path.startsWith("/");
}

/**
 * The absolute form of a path, from the working directory if it is relative, without `.`, `..` and
 * doubled separators.
 */
export function absolutePath(path: string): string {
  const absolute = isAbsolutePath(path) ? path : joinPath(Deno.cwd(), path);
  const root = isWindows ? /^(?:[A-Za-z]:|\\\\[^\\/]+[\\/][^\\/]+)/.exec(absolute)?.[0] ?? "" : "";
  const parts: string[] = [];
  for (const part of absolute.slice(root.length).split(separators)) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `${root}${separator}${parts.join(separator)}`;
}

/** Whether there is anything at a path that this process can see. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
