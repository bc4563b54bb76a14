/** The rules of which file may import which, and how many a folder may hold. */

import { importsOf, type Rule, type SourceFile } from "./source.ts";

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
  gateway: ["base", "wire", "keys", "discovery", "procedures", "client", "library"],
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
 * The rooms and the folders in them that hold one thing, each with the files by which the rest of
 * the program enters it. Those that are not here are shelves: each of their files serves by itself.
 */
export const doors: Readonly<Record<string, readonly string[]>> = {
  "cli/call": ["call.ts", "flags.ts"],
  "cli/call/brief": ["brief_call.ts", "begun.ts"],
  "cli/call/html": ["load_record.ts", "load_report.ts"],
  "cli/completions": ["completions.ts", "complete.ts", "flags.ts"],
  "cli/demo": ["demo.ts", "client.ts", "flags.ts"],
  "cli/doctor": ["doctor.ts", "flags.ts"],
  "cli/gateway": ["gateway.ts", "flags.ts"],
  "cli/keys": ["keys.ts", "flags.ts"],
  "cli/mcp": ["mcp.ts", "flags.ts"],
  "cli/methods": ["methods.ts", "flags.ts"],
  "cli/serve": ["serve.ts", "flags.ts", "place.ts", "source.ts"],
  "cli/serve/metrics": ["metrics.ts"],
  "cli/servers": ["servers.ts", "flags.ts"],
  "cli/service": ["service.ts", "flags.ts"],
  "cli/services": ["services.ts", "flags.ts"],
  "cli/tap": ["tap.ts", "flags.ts"],
  "client": [
    "client.ts",
    "client_options.ts",
    "call_once.ts",
    "call_report.ts",
    "call_stream.ts",
    "transport.ts",
  ],
  "client/endpoints": ["endpoints.ts", "balancer.ts", "endpoint_types.ts", "limits.ts", "loads.ts"],
  "client/links": ["link.ts", "dial_places.ts", "host_pace.ts", "patience.ts", "idempotence.ts"],
  "client/subset": ["subset.ts"],
  "client/tls": ["tls_transport.ts"],
  "discovery": [
    "discovery.ts",
    "open.ts",
    "registry_url.ts",
    "instance_json.ts",
    "narrowed.ts",
    "override_taker.ts",
    "snapshots.ts",
  ],
  "discovery/last_known": ["last_known.ts", "store.ts"],
  "discovery/local": ["local.ts", "scanner.ts"],
  "discovery/zookeeper": ["zookeeper.ts"],
  "keys/join": ["invitation.ts", "joining.ts", "token.ts"],
  "keys/tls": ["listener.ts", "connect.ts", "entropy.ts"],
  "library/running": [
    "running_server.ts",
    "advertise.ts",
    "exposure.ts",
    "key_watch.ts",
    "renew.ts",
  ],
  "procedures/problems": ["box_problem.ts", "load_problem.ts"],
  "server": ["server.ts", "audit.ts", "listener.ts", "tls_listener.ts"],
  "server/session": ["session.ts"],
  "server/tap": ["taps.ts", "without_params.ts"],
  "server/turns": ["turn.ts", "turns.ts", "flow.ts"],
  "workers": ["collector_secrets.ts", "memory_files.ts", "own_descriptors.ts"],
  "workers/child": ["run_as_worker.ts"],
  "workers/pool": ["pool.ts", "pool_set.ts", "task.ts"],
  "zookeeper": ["mod.ts"],
};

/** A room is entered by its doors. */
export const roomsAreEnteredByDoors: Rule = ({ path, text }) => {
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
  // By full names: a project that imports us may have no short ones for them.
  "src/library/settings.ts": ["npm:smol-toml@1.9.1"],
  "src/gateway/agents/agents.ts": ["@modelcontextprotocol/server"],
  "src/gateway/agents/sessions.ts": ["@modelcontextprotocol/server"],
  "src/gateway/agents/tool_changes.ts": ["@modelcontextprotocol/server"],
  "src/gateway/agents/tool_server.ts": ["@modelcontextprotocol/server"],
  "src/keys/authority.ts": ["npm:reflect-metadata@0.2.2", "npm:@peculiar/x509@2.2.0"],
};

/** Where a user's module is loaded, whose name nobody knows before. */
const dynamicImporters = new Set(["src/procedures/load.ts"]);

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

/** The room of `src` that a file is in. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** The path that a relative specifier means. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
