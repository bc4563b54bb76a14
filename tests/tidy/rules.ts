/** The house rules: each takes a file and returns what is wrong with it, as sentences. */

import { roomOf, rooms } from "./rooms.ts";
import { codeOf, type Rule, type SourceFile, withoutComments } from "./source.ts";

/** Past this a file holds more than one idea. */
const linesMax = 400;

/** Directories under `tests` that mirror no room. */
const testDirectories = new Set([
  "clients",
  "support",
  "vectors",
  "tidy",
  "e2e",
  "chaos",
  "sim",
  "fuzz",
  "docs",
  "examples",
  "tasks",
]);

/** The front door names what it lets out, so that nothing becomes public by accident. */
export const doorsNameWhatTheyExport: Rule = ({ path, text }) =>
  path.endsWith("/mod.ts") && /\bexport\s*\*/.test(codeOf(text))
    ? [`${path} exports everything of a module instead of names`]
    : [];

/** What a client that is one file, to be copied, may import: what its language has, and kazoo. */
const importsOfClients = new Set(
  // Their own name stands in their examples.
  ("rpc_client " +
    "asyncio collections concurrent dataclasses datetime decimal enum fcntl hashlib ipaddress json kazoo logging math msvcrt numbers os random " +
    "re socket ssl stat sys threading time typing urllib uuid weakref").split(" "),
);

/** A client in another language is one file that works wherever it is copied to. */
export const clientsStandAlone: Rule = ({ path, text }) => {
  if (!path.startsWith("clients/")) return [];
  if (!/^clients\/python\/[a-z_]+\.py$/.test(path)) return [`${path} is no client in one file`];
  return [...text.matchAll(/^\s*(?:import|from)\s+([\w.]+)/gm)].flatMap(([, name = ""]) =>
    importsOfClients.has(name.split(".")[0] ?? "") ? [] : [`${path} imports ${name}`]
  );
};

/** A file that is too long holds more than one idea. */
export const filesAreShort: Rule = ({ path, text }) => {
  const lines = text.split("\n").length - 1;
  return lines > linesMax ? [`${path} has ${lines} lines: ${linesMax} are the most`] : [];
};

/** Files are named after their main export, in snake_case. */
export const namesAreSnakeCase: Rule = ({ path }) =>
  path.split("/").every((part) => /^\.?[a-z0-9]+(_[a-z0-9]+)*(\.ts)?$/.test(part))
    ? []
    : [`${path} is not named in snake_case`];

/** The rooms that are the program's outside: what is handed in below is made here. */
const puttingTogether = new Set(["cli", "terminal", "demo"]);

const forbidden: readonly {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly allowed: (path: string) => boolean;
}[] = [
  {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/,
    instead: "an injected Clock",
    allowed: (path) => path === "src/base/clock.ts" || puttingTogether.has(roomOf(path) ?? ""),
  },
  {
    pattern: /\b(setTimeout|setInterval|AbortSignal\.timeout)\b/,
    instead: "an injected Clock",
    allowed: (path) => path === "src/base/clock.ts" || puttingTogether.has(roomOf(path) ?? ""),
  },
  {
    pattern: /\bMath\.random\b/,
    instead: "an injected Random",
    allowed: (path) => path === "src/base/random.ts" || puttingTogether.has(roomOf(path) ?? ""),
  },
  {
    pattern: /\bconsole\b/,
    // The console throws where a file is full, and a command would end in the middle.
    instead: "an injected Logger, or src/terminal/stdout.ts",
    // A worker points the console at the log, so that what a procedure prints ends up there. A
    // gateway withholds a warning of the runtime's.
    allowed: (path) =>
      /^src\/workers\/child\/worker\w*\.ts$/.test(path) ||
      path === "src/cli/gateway/runtime_warning.ts",
  },
  {
    pattern: /\bDeno\.permissions\.(query|request)/,
    instead: "isGranted, which asks nobody",
    allowed: (path) => path === "src/base/system/is_granted.ts",
  },
  {
    pattern: /\bDeno\.dlopen\b/,
    instead: "openCLibrary, which knows its names",
    allowed: (path) => path === "src/base/system/c_library.ts",
  },
  {
    pattern: /\bDeno\.(args|exit)\b|\bprocess\.(argv|exit)\b/,
    instead: "main.ts",
    // A second Ctrl-C means at once, and a signal's listener can return to nobody.
    allowed: (path) =>
      /^(main|src\/workers\/child\/\w+_main|src\/terminal\/interrupt)\.ts$/.test(path),
  },
];

/** Time, chance, printing and the process's own end are handed in, so that a test can hold them. */
export const globalsAreInjected: Rule = ({ path, text }) => {
  if (!path.startsWith("src/") && path !== "main.ts") return [];
  const lines = codeOf(text).split("\n");
  return forbidden.filter(({ allowed }) => !allowed(path)).flatMap(({ pattern, instead }) =>
    lines.flatMap((line, index) => {
      const found = pattern.exec(line)?.[0];
      return found === undefined
        ? []
        : [`${path}:${index + 1} uses ${found} instead of ${instead}`];
    })
  );
};

/** A test stands where what it tests stands. */
export const testsMirrorSource: Rule = ({ path }) => {
  const [top, directory, ...rest] = path.split("/");
  if (top !== "tests" || directory === undefined || rest.length === 0) return [];
  if (directory in rooms || testDirectories.has(directory)) return [];
  return [`${path} mirrors no room of src`];
};

/**
 * What holds on one machine only: somebody's home, or where a tool keeps its work. A made-up `me`
 * may live.
 */
const machinePath =
  /(?<![\w.~/])(?:\/(?:home|Users|root|work|workspace)\/|[A-Z]:\\+Users\\+)(?!me\b)[\w.-]+/;

/** Nothing names a path of the machine that it was written on. */
export const namesNoMachine: Rule = ({ path, text }) =>
  text.split("\n").flatMap((line, index) => {
    const found = machinePath.exec(line)?.[0];
    return found === undefined ? [] : [`${path}:${index + 1} names ${found}`];
  });

/** Work that is left is in nobody's comments. */
export const leavesNothingToDo: Rule = ({ path, text }) =>
  text.split("\n").flatMap((line, index) =>
    /\b(TODO|FIXME|XXX)\b/.test(line) && withoutComments(line) !== line
      ? [`${path}:${index + 1} leaves something to do`]
      : []
  );

/** Where a line of a comment ends, as the formatter ends a line of code. */
const commentColumnMax = 100;

/** A comment of its own lines ends at column 100, as the code beside it. */
export const commentsAreNarrow: Rule = ({ path, text }) =>
  text.split("\n").flatMap((line, index) =>
    line.length > commentColumnMax && /^\s*(\/\/|\/?\*)/.test(line)
      ? [`${path}:${index + 1} goes on past column ${commentColumnMax}`]
      : []
  );

/**
 * The files that a document names and that do not exist, as sentences. A decision tells of its day:
 * its names may be of files that have moved since.
 */
export function namesOfNoFile(
  { path, text }: SourceFile,
  exists: (path: string) => boolean,
): string[] {
  if (!path.endsWith(".md") || path.startsWith("docs/adr/")) return [];
  const names = text.matchAll(
    /`((?:src|tests|tasks|bench\/measures|docs|examples)\/[\w./]+\.\w+)`/g,
  );
  return [...names].flatMap(([, name = ""]) =>
    exists(name) ? [] : [`${path} names ${name}, which does not exist`]
  );
}
