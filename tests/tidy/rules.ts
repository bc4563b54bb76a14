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
  keys: ["base", "wire"],
  zookeeper: ["base"],
  discovery: ["base", "zookeeper"],
  procedures: ["base"],
  workers: ["base", "wire", "procedures"],
  server: ["base", "wire", "keys", "procedures", "workers"],
  client: ["base", "wire", "keys", "discovery"],
  library: [
    "base",
    "wire",
    "keys",
    "discovery",
    "procedures",
    "workers",
    "server",
    "client",
  ],
  gateway: ["base", "wire", "discovery", "procedures", "client", "library"],
  terminal: ["base"],
  report: ["base", "terminal"],
  demo: ["base", "wire", "client", "library", "terminal", "report"],
  cli: [
    "base",
    "wire",
    "keys",
    "zookeeper",
    "discovery",
    "procedures",
    "workers",
    "server",
    "client",
    "library",
    "gateway",
    "terminal",
    "report",
    "demo",
  ],
};

/**
 * The sub-rooms that hold one thing, each with the files by which the rest of the program enters
 * it. Folders that are not here are shelves: each of their files serves by itself.
 */
export const doors: Readonly<Record<string, readonly string[]>> = {
  "cli/call": ["call.ts", "flags.ts"],
  "cli/call/brief": ["brief_call.ts", "begun.ts"],
  "cli/completions": ["completions.ts", "complete.ts", "flags.ts"],
  "cli/demo": ["demo.ts", "client.ts", "flags.ts"],
  "cli/doctor": ["doctor.ts", "flags.ts"],
  "cli/gateway": ["gateway.ts", "flags.ts"],
  "cli/keys": ["keys.ts", "flags.ts"],
  "cli/mcp": ["mcp.ts", "flags.ts"],
  "cli/methods": ["methods.ts", "flags.ts"],
  "cli/serve": ["serve.ts", "flags.ts", "place.ts", "module_file.ts"],
  "cli/servers": ["servers.ts", "flags.ts"],
  "cli/service": ["service.ts", "flags.ts"],
  "cli/services": ["services.ts", "flags.ts"],
  "cli/tap": ["tap.ts", "flags.ts"],
  "client/endpoints": ["endpoints.ts", "balancer.ts", "endpoint_types.ts", "limits.ts", "loads.ts"],
  "client/links": ["link.ts", "dial_places.ts", "host_pace.ts", "patience.ts", "idempotence.ts"],
  "client/subset": ["subset.ts"],
  "client/tls": ["tls_transport.ts"],
  "discovery/last_known": ["last_known.ts", "store.ts"],
  "discovery/local": ["local.ts", "scanner.ts"],
  "discovery/zookeeper": ["zookeeper.ts"],
  "keys/join": ["invitation.ts", "joining.ts", "token.ts"],
  "keys/tls": ["listener.ts", "connect.ts", "entropy.ts"],
  "library/running": ["running_server.ts", "advertise.ts", "key_watch.ts", "renew.ts"],
  "server/session": ["session.ts"],
  "server/tap": ["taps.ts", "without_params.ts"],
  "workers/child": ["run_as_worker.ts"],
  "workers/pool": ["pool.ts", "pool_set.ts", "task.ts"],
};

/** A sub-room is entered by its doors. */
export const subRoomsAreEnteredByDoors: Rule = ({ path, text }) => {
  if (!path.startsWith("src/")) return [];
  return importsOf(text).flatMap(({ specifier }) => {
    if (!specifier?.startsWith(".")) return [];
    const target = resolve(path, specifier);
    const [, folder = "", file = ""] = /^src\/(.*)\/([^/]+)$/.exec(target) ?? [];
    if (path.startsWith(`src/${folder}/`) || doors[folder]?.includes(file) !== false) return [];
    return [`${path} imports ${target}, and not by ${doors[folder]?.join(" or ")}`];
  });
};

/** Rooms of which another may import the types, and nothing that runs. */
const typesOnly: Readonly<Record<string, readonly string[]>> = { client: ["procedures"] };

/** Packages that any room may use. */
const packagesOfAll = /^(zod|node:.+)$/;

/** The rooms that dress the rest: they may use any package. */
const packageRooms = new Set(["cli", "terminal"]);

/** Packages of one file alone, which is loaded when there is no way round. */
const packagesOfFiles: Readonly<Record<string, readonly string[]>> = {
  // By its full name: a project that imports us has no short one for it.
  "src/library/settings.ts": ["npm:smol-toml@1.9.1"],
  "src/gateway/agents/agents.ts": ["@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"],
  "src/gateway/agents/tool_server.ts": [
    "@modelcontextprotocol/sdk/server/index.js",
    "@modelcontextprotocol/sdk/types.js",
  ],
  "src/keys/authority.ts": ["reflect-metadata", "@peculiar/x509"],
};

/** Where a user's module is loaded, whose name nobody knows before. */
const dynamicImporters = new Set(["src/procedures/load.ts"]);

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
    const allowed = packageRooms.has(room ?? "") || packagesOfAll.test(specifier) ||
      packagesOfFiles[path]?.includes(specifier);
    return allowed
      ? undefined
      : `imports ${specifier}, which only ${[...packageRooms].join(" and ")} may`;
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

/** What a client that is one file, to be copied, may import: what its language has, and kazoo. */
const importsOfClients = new Set(
  // Their own name stands in their examples.
  ("rpc_client " +
    "asyncio collections concurrent dataclasses datetime decimal enum fcntl ipaddress json kazoo logging math msvcrt numbers os random " +
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
 * The circles of files that import each other, types included: each as its paths. Found by Tarjan's
 * algorithm for strongly connected components.
 */
export function circlesOf(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map(({ path, text }) => [
    path,
    importsOf(text).flatMap(({ specifier }) =>
      specifier?.startsWith(".") ? [resolve(path, specifier)] : []
    ),
  ]));
  const indexes = new Map<string, number>();
  const lows = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const low = (path: string) => lows.get(path) ?? Infinity;
  const visit = (path: string): void => {
    indexes.set(path, indexes.size);
    lows.set(path, indexes.size - 1);
    stack.push(path);
    for (const target of imports.get(path) ?? []) {
      if (!imports.has(target)) continue;
      if (!indexes.has(target)) visit(target);
      if (stack.includes(target)) lows.set(path, Math.min(low(path), low(target)));
    }
    if (low(path) !== indexes.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1 || imports.get(path)?.includes(path)) circles.push(circle.sort());
  };
  for (const path of imports.keys()) if (!indexes.has(path)) visit(path);
  return circles;
}

/** Past this a folder is a warehouse: its files want rooms of their own. */
const folderFilesMax = 16;

/** The folders of `src` that hold too many files of their own, as sentences. */
export function crowdedFolders(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    if (!path.startsWith("src/")) continue;
    const folder = path.slice(0, path.lastIndexOf("/"));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > folderFilesMax).map(([folder, count]) =>
    `${folder} has ${count} files: ${folderFilesMax} are the most`
  );
}

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

function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The path that a relative specifier means. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
