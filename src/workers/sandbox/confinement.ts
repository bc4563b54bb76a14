/** What the process of procedures in a sandbox may do, as far as the system holds it. */

import { absolutePath, directoryOf, joinPath } from "../../base/paths.ts";
import { type Confinement, ownProgram, rights, type Rule } from "./landlock.ts";
import { filesOfModule, isCode } from "./module_files.ts";
import type { Permissions } from "./permissions.ts";
import { interpreterOf } from "../process/interpreter.ts";

const reading = rights.readFile | rights.readDirectory;
const running = rights.readFile | rights.execute;
const writing = rights.writeFile | rights.truncate | rights.makeFile | rights.makeDirectory |
  rights.makeSocket | rights.makePipe | rights.removeFile | rights.removeDirectory | rights.move;

/** What a runtime reads by itself: for chance, time zones, libraries, and how much there is. */
const ofRuntime = [
  ...["/dev/random", "/dev/urandom", "/etc/ld.so.cache", "/proc/meminfo"],
  ...["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"],
];

/** How names of hosts are looked up. */
const ofResolver = ["resolv.conf", "hosts", "host.conf", "nsswitch.conf", "gai.conf", "services"]
  .map((name) => `/etc/${name}`);

/** Where the libraries of other programs are. */
const ofPrograms = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"];

/**
 * The confinement of a module's procedures. To be asked for in a process like the one that will
 * run them, which has the same libraries.
 */
export function confinementOf(
  module: string | undefined,
  { read = [], write = [], net, run = [] }: Permissions,
): Confinement {
  const mapped = mappedFiles();
  // Beside the C library are those that it loads to look up names.
  const libraries = mapped.filter((path) => /\/libc[.-][^/]*$/.test(path)).map(directoryOf);
  const rules = [
    ...rulesFor(running, [ownProgram, ...mapped, ...run.flatMap(filesOfProgram)]),
    ...rulesFor(reading, [...ofRuntime, ...(module === undefined ? [] : ownFiles(module))]),
    ...rulesFor(reading | rights.writeFile, ["/dev/null"]),
    ...rulesFor(reading, read.map(absolutePath)),
    ...rulesFor(writing, write.map(absolutePath)),
    ...rulesFor(reading, net === undefined ? [] : [...ofResolver, ...libraries]),
    ...rulesFor(reading, run.length === 0 ? [] : [...ofPrograms, ...libraries]),
  ];
  return { rules, network: net !== undefined };
}

function rulesFor(granted: number, paths: readonly string[]): Rule[] {
  return paths.map((path) => ({ path, rights: granted }));
}

/**
 * The files of a module that may be read without being named by a flag: code, wherever it is, and
 * data of the module's own directory.
 */
function ownFiles(module: string): string[] {
  const paths = filesOfModule(module);
  const directory = realPath(directoryOf(paths[0] ?? ""));
  return paths.filter((path) => {
    const real = realPath(path);
    // A rule for a directory would hold for all that is in it.
    if (real === undefined || !Deno.statSync(real).isFile) return false;
    return isCode(real) || (directory !== undefined && real.startsWith(`${directory}/`));
  });
}

/** A path with all links resolved; `undefined`: it leads nowhere. */
function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

/** The files that this process has in its memory: its program and its libraries. */
function mappedFiles(): string[] {
  const maps = Deno.readTextFileSync("/proc/self/maps");
  return [...new Set([...maps.matchAll(/ (\/.*)$/gm)].map(([, path = ""]) => path))];
}

/** A program, and what runs it if it is a script. A name is looked up like the system does. */
function filesOfProgram(name: string): string[] {
  const directories = name.includes("/") ? [] : (Deno.env.get("PATH") ?? "").split(":");
  const places = directories.length === 0
    ? [absolutePath(name)]
    : directories.map((directory) => joinPath(directory, name));
  return places.flatMap((path) => {
    const [interpreter, argument] = interpreterOf(path);
    if (interpreter === undefined) return [path];
    const lookedUp = /\/env$/.test(interpreter) && argument !== undefined && argument !== name;
    return [path, interpreter, ...(lookedUp ? filesOfProgram(argument) : [])];
  });
}
