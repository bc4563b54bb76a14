/**
 * Paths of files for code that runs at every start. Loading `node:path` would add a fifth to the
 * time of a program that makes one call, and `node:url` a sixth to the start of a worker.
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

/**
 * Whether a path does not depend on the working directory.
 *
 * @param windows whether it is a path of Windows. @default one of this system
 */
export function isAbsolutePath(path: string, windows: boolean = isWindows): boolean {
  return windows ? /^([A-Za-z]:|[\\/])[\\/]/.test(path) : path.startsWith("/");
}

/** The environment variable with the user's home, for messages. */
export const homeVariable: string = isWindows ? "USERPROFILE" : "HOME";

/**
 * The directory that a variable of the environment names, or else one in the user's home;
 * `undefined`: neither is an absolute path. A relative one counts as not set, as XDG has it.
 */
export function userDirectory(
  variable: string,
  inHome: string,
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): string | undefined {
  const homes = ["HOME", "USERPROFILE"].map((name) => env(name)).map((home) =>
    home && home + inHome
  );
  return [env(variable), ...homes].find((one) => one !== undefined && isAbsolutePath(one));
}

/**
 * The absolute form of a path, from the working directory if it is relative, without `.`, `..` and
 * doubled separators.
 */
export function absolutePath(path: string): string {
  const absolute = isAbsolutePath(path) ? path : fromHere(path);
  const [root = ""] = isWindows
    ? /^(?:[A-Za-z]:|[\\/]{2}[^\\/]+[\\/][^\\/]+)/.exec(absolute) ?? []
    : [];
  const parts: string[] = [];
  for (const part of absolute.slice(root.length).split(separators)) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const plainRoot = isWindows ? root.replaceAll("/", separator) : root;
  return `${plainRoot}${separator}${parts.join(separator)}`;
}

/**
 * A relative path behind the place that it begins at: on Windows `\\a` is relative to the drive,
 * and `C:a` to where one is on that drive, or to its root where one is on another.
 */
function fromHere(path: string): string {
  const here = Deno.cwd();
  if (!isWindows) return joinPath(here, path);
  const [, drive, rest = path] = /^([A-Za-z]:)(.*)$/s.exec(path) ?? [];
  if (/^[\\/]/.test(rest)) return joinPath(here.slice(0, "C:".length), rest);
  const isThisDrive = drive === undefined || here.toLowerCase().startsWith(drive.toLowerCase());
  return joinPath(isThisDrive ? here : drive, rest);
}

/** The directory that holds what is at an absolute path; the root's is itself. */
export function directoryOf(path: string): string {
  return absolutePath(joinPath(path, ".."));
}

/**
 * The `file:` URL of an absolute path.
 *
 * @param windows whether it is a path of Windows. @default those of this system
 */
export function fileUrlOf(path: string, windows: boolean = isWindows): string {
  const plain = windows ? path.replaceAll("\\", "/").replace(verbatim, rootOf) : path;
  // What the parser of URLs would not take for a part of the path. It encodes all else that needs
  // it, so that a module has the same URL here as where another one imports it.
  const encoded = plain.replace(/[%?#\\\s]/g, (sign) => encodeURIComponent(sign));
  // A share of Windows has its host there.
  return new URL(windows && encoded.startsWith("//") ? `file:${encoded}` : `file:///${encoded}`)
    .href;
}

/** How Windows' own functions and many programs write paths of any length: `\\?\C:\a.ts`. */
const verbatim = /^\/\/[?.]\/(UNC\/|(?=[A-Za-z]:))/i;

function rootOf(_: string, share: string): string {
  return share === "" ? "" : "//";
}

/**
 * The path of a `file:` URL.
 *
 * @param windows whether it is to be one of Windows. @default as on this system
 */
export function pathOfFileUrl(url: string, windows: boolean = isWindows): string {
  const { host, pathname } = new URL(url);
  const path = decodeURIComponent(pathname);
  if (!windows) return path;
  const own = path.replaceAll("/", "\\");
  return host === "" ? own.slice(1) : `\\\\${host}${own}`;
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

/** Whether two paths are of one file, by links too. A device such as /dev/null holds nothing. */
export function isSameFile(path: string, other: string): boolean {
  try {
    const { dev, ino, isCharDevice } = Deno.statSync(path);
    if (isCharDevice) return false;
    const found = Deno.statSync(other);
    // Not all systems have numbers of files.
    return ino
      ? ino === found.ino && dev === found.dev
      : Deno.realPathSync(path) === Deno.realPathSync(other);
  } catch {
    return false;
  }
}

/**
 * Reads a whole file, if it is a regular one: others may have put an endless pipe, a device or a
 * huge file there. Synchronous, since the files are small, and asynchronous file operations take
 * 170 µs on two threads in place of 10.
 *
 * @param bytesMax its longest length. @default any
 * @throws {Error} it is not a regular file, it is too long, or the file system's error
 */
export function readRegularFile(path: string, bytesMax = Infinity): Uint8Array {
  // Checked before it is opened, because opening a pipe blocks until it has a writer.
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) throw new Error("it is no regular file");
  if (size > bytesMax) throw new Error(`it has ${size} bytes, more than ${bytesMax}`);
  return Deno.readFileSync(path);
}

/**
 * Writes a file that is not there yet. `Deno.writeTextFile` would give it the whole mode, whatever
 * the umask is, and all users could write it.
 *
 * @param mode who may use it, as far as the umask lets them. @default 0o666
 * @throws the file system's error; there may be a part of the file
 */
export function writeNewFile(path: string, text: string, mode = 0o666): void {
  using file = Deno.openSync(path, { write: true, createNew: true, mode });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/**
 * Writes a file, whole or not at all: another file beside it is written, and takes its place.
 *
 * @param mode who may use it, as far as the umask lets them. @default 0o666
 * @throws {Error} the file system's error; the file is as it was
 */
export function replaceFile(path: string, text: string, mode = 0o666): void {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    writeNewFile(temporary, text, mode);
    takePlace(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
}

/**
 * Adds a line to the end of a file, which is made for its owner alone if need be. A disk that was
 * full may have left half of one there, which this one is no part of.
 *
 * @throws {Error} the file system's error
 */
export function appendLine(path: string, line: string): void {
  const before = exists(path) ? new TextDecoder().decode(readRegularFile(path)) : "";
  const start = before === "" || before.endsWith("\n") ? "" : "\n";
  Deno.writeTextFileSync(path, `${start}${line}\n`, { append: true, mode: 0o600 });
}

/** Removes a file that may be there; never throws. */
export function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It was never made, or it has another name by now.
  }
}

/** How {@link takePlace} renames; a test has its own. */
interface Renaming {
  readonly windows: boolean;
  rename(from: string, to: string): void;
}

/** How often a file is renamed on Windows while something has one of the two open. */
const renamesMax = 8;

/**
 * Renames a file, in place of the one that has the name, if there is one.
 *
 * Windows refuses that while another program has either of them open without sharing its removal:
 * one in Python that reads it, or what looks for viruses in all that is new. That takes
 * milliseconds, so it is tried again for an eighth of a second.
 *
 * @throws the file system's error
 */
export function takePlace(
  from: string,
  to: string,
  renaming: Renaming = { windows: isWindows, rename: Deno.renameSync },
): void {
  for (let pauseMs = 1, left = renamesMax - 1;; pauseMs *= 2, left--) {
    try {
      return renaming.rename(from, to);
    } catch (error) {
      if (!renaming.windows || left === 0 || error instanceof Deno.errors.NotFound) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
}
