/**
 * Paths of files, as far as they are needed by what runs at every start: to load `node:path` takes
 * a program that makes one call a fifth of the time that it has.
 */

const isWindows = Deno.build.os === "windows";
const separator = isWindows ? "\\" : "/";
const separators = isWindows ? /[\\/]/ : /\//;

/** Puts a path's parts together; none may be empty. */
export function joinPath(...parts: readonly string[]): string {
  return parts.join(separator);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split(separators).at(-1) ?? "";
}

/** Whether it says where it is from anywhere. */
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
