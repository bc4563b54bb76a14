/** The house rules: each takes a file and returns what is wrong with it, as sentences. */

import { codeOf, importsOf, withoutComments } from "./source.ts";

/** A file of the project. */
export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** A rule. An empty list: the file keeps it. */
export type Rule = (file: SourceFile) => string[];

/** Past this a file holds more than one idea. */
const linesMax = 400;

/** The rooms of `src`, each with those that it may import beside itself. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ["base"],
  zookeeper: ["base"],
  discovery: ["base", "zookeeper"],
  procedures: ["base"],
  workers: ["base", "wire", "procedures"],
  server: ["base", "wire", "procedures", "workers"],
  client: ["base", "wire", "discovery"],
  library: [
    "base",
    "wire",
    "discovery",
    "procedures",
    "workers",
    "server",
    "client",
  ],
  cli: [
    "base",
    "wire",
    "zookeeper",
    "discovery",
    "procedures",
    "workers",
    "server",
    "client",
    "library",
  ],
};

/** Rooms of which another may import the types, and nothing that runs. */
const typesOnly: Readonly<Record<string, readonly string[]>> = { client: ["procedures"] };

/** Packages that any room may use. The others belong to the CLI, which is what dresses the rest. */
const packagesOfAll = /^(zod|node:.+)$/;

/** Where a user's module is loaded, whose name nobody knows before. */
const dynamicImporters = new Set(["src/procedures/load.ts"]);

/** Directories under `tests` that mirror no room. */
const testDirectories = new Set([
  "support",
  "vectors",
  "tidy",
  "e2e",
  "chaos",
  "sim",
  "docs",
  "examples",
]);

/** A room imports only from rooms below it. */
export const importsRespectRooms: Rule = ({ path, text }) => {
  const problems: string[] = [];
  for (const { specifier, isTypeOnly } of importsOf(text)) {
    const problem = importProblem(path, specifier, isTypeOnly);
    if (problem !== undefined) problems.push(`${path} ${problem}`);
  }
  return problems;
};

function importProblem(
  path: string,
  specifier: string | undefined,
  isTypeOnly: boolean,
): string | undefined {
  if (!path.startsWith("src/") && path !== "main.ts") return undefined;
  if (specifier === undefined) {
    return dynamicImporters.has(path) ? undefined : "imports something that no reader can tell";
  }
  const room = roomOf(path);
  if (!specifier.startsWith(".")) {
    const allowed = room === "cli" || packagesOfAll.test(specifier);
    return allowed ? undefined : `imports ${specifier}, which only src/cli may`;
  }
  const target = resolve(path, specifier);
  if (path === "main.ts") {
    return roomOf(target) === "cli" ? undefined : `imports ${target} instead of src/cli`;
  }
  if (!target.startsWith("src/")) return `imports ${target}, which is not under src`;
  if (path === "src/mod.ts") return undefined;
  if (target === "src/mod.ts" && room === "cli") return undefined;
  const targetRoom = roomOf(target);
  if (room === undefined) return "is in no room of src";
  if (targetRoom === undefined) return `imports ${target}, which is in no room`;
  if (room === targetRoom || rooms[room]?.includes(targetRoom)) return undefined;
  if (!typesOnly[room]?.includes(targetRoom)) return `imports ${target}: ${room} may not`;
  return isTypeOnly ? undefined : `imports more than types from ${target}`;
}

/** The front door names what it lets out, so that nothing becomes public by accident. */
export const doorsNameWhatTheyExport: Rule = ({ path, text }) =>
  path.endsWith("/mod.ts") && /\bexport\s*\*/.test(codeOf(text))
    ? [`${path} exports everything of a module instead of names`]
    : [];

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

const forbidden: readonly {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly allowed: (path: string) => boolean;
}[] = [
  {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/,
    instead: "an injected Clock",
    allowed: (path) => path === "src/base/clock.ts" || roomOf(path) === "cli",
  },
  {
    pattern: /\b(setTimeout|setInterval|AbortSignal\.timeout)\b/,
    instead: "an injected Clock",
    allowed: (path) => path === "src/base/clock.ts" || roomOf(path) === "cli",
  },
  {
    pattern: /\bMath\.random\b/,
    instead: "an injected Random",
    allowed: (path) => path === "src/base/random.ts" || roomOf(path) === "cli",
  },
  {
    pattern: /\bconsole\b/,
    instead: "an injected Logger",
    // A worker points the console at the log, so that what a procedure prints ends up there.
    allowed: (path) => roomOf(path) === "cli" || /^src\/workers\/worker\w*\.ts$/.test(path),
  },
  {
    pattern: /\bDeno\.(args|exit)\b|\bprocess\.(argv|exit)\b/,
    instead: "main.ts",
    // A second Ctrl-C means at once, and a signal's listener can return to nobody.
    allowed: (path) =>
      ["main.ts", "src/library/worker_main.ts", "src/cli/interrupt.ts"].includes(path),
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

/** What holds on one machine only: somebody's home, or where a tool keeps its work. A made-up `me` may live. */
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

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The path that a relative specifier means. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
