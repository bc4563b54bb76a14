import assert from "node:assert/strict";
import { buildForCalls, bundledFiles, entries } from "../../tasks/bundle.ts";
import { leftOut } from "../../tasks/left_out.ts";
import { licensesFile, wholePackages } from "../../tasks/packages.ts";
import { buildFile } from "../../src/cli/process/version.ts";
import { binaries, compileArguments, prepareProgram, sumLine } from "../../tasks/compile.ts";

const project = new URL("../../", import.meta.url);

/** The bytes that each call may load, a few above those that it does. */
const callTextMax = 61_000;

/** The same, where the client makes the call. */
const clientTextMax = 193_000;

async function deno(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd: string | URL = project,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

interface Dependency {
  readonly specifier: string;
  /** Missing: imported for its types alone, which no program loads. */
  readonly code?: { readonly specifier: string };
}

interface DenoInfo {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly Dependency[];
    /** Of an npm package: its key in `npmPackages`. */
    readonly npmPackage?: string;
    readonly error?: string;
  }[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly npmPackages: Readonly<
    Record<string, { readonly name: string }>
  >;
}

/** What our files load, dynamic imports included: others of them, and npm packages by name. */
async function moduleGraph(): Promise<{ files: string[]; packages: string[] }> {
  const graphs = await Promise.all(entries.map(graphOf));
  return {
    files: [...new Set(graphs.flatMap(({ files }) => files))],
    packages: [...new Set(graphs.flatMap(({ packages }) => packages))],
  };
}

async function graphOf(entry: string): Promise<{ files: string[]; packages: string[] }> {
  const { code, stdout, stderr } = await deno(["info", "--json", entry]);
  assert.equal(code, 0, stderr);
  const info: DenoInfo = JSON.parse(stdout);
  const modules = new Map(info.modules.map((module) => [module.specifier, module]));
  const found = reachable(info.roots, (specifier) => {
    const module = modules.get(info.redirects[specifier] ?? specifier);
    assert.equal(module?.error, undefined, specifier);
    return (module?.dependencies ?? []).flatMap(({ code }) => code?.specifier ?? []);
  });
  const direct = [...found].flatMap((specifier) =>
    modules.get(info.redirects[specifier] ?? specifier)?.npmPackage ?? []
  );
  return {
    files: [...found].filter((specifier) => specifier.startsWith(project.href))
      .map((specifier) => specifier.slice(project.href.length)),
    packages: [...new Set(direct.map((key) => info.npmPackages[key]?.name ?? key))],
  };
}

function reachable(
  roots: readonly string[],
  next: (node: string) => readonly string[],
): ReadonlySet<string> {
  const found = new Set(roots);
  // A set goes on to what is added while it is walked.
  for (const node of found) for (const other of next(node)) found.add(other);
  return found;
}

/**
 * The paths in the tree that `deno compile` prints, without sizes. A directory of which everything
 * is embedded is one line, `name/*`.
 */
function embeddedPaths(output: string): string[] {
  const paths: string[] = [];
  const parents: string[] = [];
  const tree = output.slice(output.indexOf("Embedded Files")).split("\n\n")[1] ?? "";
  for (const line of tree.split("\n").slice(1)) {
    const match = /^([│ ]*)[├└]─[─┬] (.*?)(?: \([\d.]+\w?B[^)]*\))?$/.exec(line);
    assert.ok(match !== null, `Not a line of a tree: ${line}`);
    const [, indent = "", name = ""] = match;
    parents.length = indent.length / 2;
    paths.push([...parents, name].join("/"));
    parents.push(name);
  }
  return paths;
}

/** In how many files of a bundle each of our modules stands: it names what it puts together. */
async function copiesIn(directory: string, files: readonly string[]): Promise<Map<string, number>> {
  const copies = new Map<string, number>();
  const name = /^\/\/ ((?:src\/.*|main)\.(?:ts|js|py|css|html))$/gm;
  for (const file of files) {
    const text = await Deno.readTextFile(`${directory}/${file}`);
    // One that imports packages is named twice in its file.
    const modules = new Set([...text.matchAll(name)].map(([, path = ""]) => path));
    for (const path of modules) copies.set(path, (copies.get(path) ?? 0) + 1);
  }
  return copies;
}

/** The files of a bundle that one of them loads before it runs, itself included. */
async function atOnceBy(entry: string, directory: string): Promise<string[]> {
  const found = [entry];
  for (const file of found) {
    for (const path of importsIn(await Deno.readTextFile(`${directory}/${file}`)).atOnce) {
      const { pathname } = new URL(path, new URL(file, "file:///"));
      if (!found.includes(pathname.slice(1))) found.push(pathname.slice(1));
    }
  }
  return found;
}

const workerMain = "src/workers/child/worker_main.js";

Deno.test("a binary embeds every module that the program can load, once, and its workers load none of the command line", async () => {
  const directory = await Deno.makeTempDir({ prefix: "rpc_compile_" });
  try {
    const graph = await moduleGraph();
    // Subcommands load what only they need when they run: if those were missing, so would they be
    // here.
    for (
      const file of [
        ...["main.ts", "src/cli/call/call.ts", "src/cli/serve/serve.ts"],
        ...["src/workers/child/worker_main.ts", "src/workers/child/run_as_worker.ts"],
        // What a user's module imports as "rpc", though nothing of ours does.
        "src/mod.ts",
      ]
    ) {
      assert.ok(graph.files.includes(file), file);
    }
    assert.ok(graph.packages.includes("zod"));

    // Any deno in the place of the runtime lets everything but the result be checked.
    const program = `${directory}/program`;
    await Deno.mkdir(program);
    const include = await prepareProgram(program, { sum: "0" });
    const target = "x86_64-unknown-linux-gnu";
    const args = compileArguments(target, `${directory}/rpc`, include, await leftOut());
    const { code, stderr, stdout } = await deno(
      // It tells what it embeds.
      args.filter((arg) => arg !== "--quiet"),
      { DENORT_BIN: Deno.execPath() },
      program,
    );
    assert.equal(code, 0, stderr);
    const embedded = new Set(embeddedPaths(stdout + stderr));

    const isEmbedded = (path: string) => {
      const parts = path.split("/");
      return embedded.has(path) ||
        parts.some((_, length) => embedded.has(`${parts.slice(0, length).join("/")}/*`));
    };
    const bundled = await bundledFiles(program);
    assert.deepEqual(bundled.filter((path) => !isEmbedded(path)), []);
    // In a process of rpc call only that folder's files are loaded, and none of them elsewhere; and
    // so it is in one that makes a sandbox, and in the thread that watches a gateway.
    const apart = /^(call|sandbox|watch)\//;
    assert.ok(bundled.includes("sandbox/confined_main.js"));
    assert.ok(bundled.includes("watch/watch_main.js"));
    const copies = await copiesIn(program, bundled.filter((path) => !apart.test(path)));
    assert.deepEqual([...copies].filter(([, count]) => count !== 1), []);
    // A door holds nothing of its own.
    const modules = graph.files.filter((path) => !path.endsWith("/mod.ts"));
    assert.deepEqual(modules.filter((path) => !copies.has(path)), []);
    assert.ok(isEmbedded("src/mod.js"), "what a user's module imports");
    assert.ok(isEmbedded(buildFile), "what --version tells");
    // A worker is started often, and does without the command line.
    const ofWorker = await copiesIn(program, await atOnceBy(workerMain, program));
    assert.ok(ofWorker.has("src/workers/child/run_as_worker.ts") && ofWorker.size > 40);
    assert.deepEqual([...ofWorker.keys()].filter((path) => path.startsWith("src/cli/")), []);
    // Of packages only those are there as they are that modules of users may import.
    const whole = [...embedded].flatMap((path) =>
      /node_modules\/[^/]+\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []
    );
    assert.deepEqual([...new Set(whole)], [...wholePackages]);
    assert.ok(isEmbedded(licensesFile), "the licenses of the others");
    const licenses = await Deno.readTextFile(`${program}/${licensesFile}`);
    const { imports } = JSON.parse(await Deno.readTextFile(`${program}/deno.json`));
    for (const name of graph.packages.filter((one) => !wholePackages.includes(one))) {
      // As our modules write it, which is the full name where a project elsewhere has no short one.
      const file = Object.entries<string>(imports).find(([key]) =>
        /^(?:npm:)?((?:@[^/]+\/)?[^/@]+)/.exec(key)?.[1] === name
      );
      assert.ok(file !== undefined && isEmbedded(file[1].replace("./", "")), name);
      assert.match(licenses, new RegExp(`^${name}/\\d`, "m"));
    }
    // What only the tests use stays out.
    for (const name of ["fast-check", "tests", "bench"]) {
      assert.ok(![...embedded].some((path) => path.split("/").includes(name)), name);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** The paths that a file of a bundle imports: at once, or all of them. */
function importsIn(text: string): { atOnce: string[]; later: string[] } {
  const paths = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, path = ""]) => path);
  return {
    atOnce: paths(/^(?:import|export)\s?(?:[^;"'`()]*?from\s?)?["'`](\.[^"'`]+)["'`]/gm)
      .concat(paths(/;import\s?(?:[^;"'`()]*?from\s?)?["'`](\.[^"'`]+)["'`]/g)),
    later: paths(/\bimport\(["'`](\.[^"'`]+)["'`]\)/g),
  };
}

Deno.test("what each call loads is one file of a binary, and what it may load later lies beside it", async () => {
  const directory = await Deno.makeTempDir({ prefix: "rpc_call_build_" });
  try {
    await buildForCalls(directory);
    const texts = new Map<string, string>();
    for await (const { name } of Deno.readDir(directory)) {
      texts.set(`./${name}`, await Deno.readTextFile(`${directory}/${name}`));
    }
    const atOnce = reachable(["./call.js"], (path) => importsIn(texts.get(path) ?? "").atOnce);
    // The door, the program, and what the bundler needs itself.
    assert.ok(atOnce.size <= 3, [...atOnce].join(" "));
    const sizeOf = (paths: Iterable<string>) =>
      [...paths].reduce((sum, path) => sum + (texts.get(path)?.length ?? 0), 0);
    assert.ok(sizeOf(atOnce) > 40_000 && sizeOf(atOnce) < callTextMax, `${sizeOf(atOnce)}`);
    // Whatever is more than a brief call loads one file more.
    const clients = [...texts.keys()].filter((path) => path.startsWith("./client-"));
    const more = reachable(clients, (path) => importsIn(texts.get(path) ?? "").atOnce);
    assert.equal(clients.length, 1);
    assert.deepEqual([...more].filter((path) => !atOnce.has(path)), clients);
    assert.ok(sizeOf(more) < clientTextMax, `${sizeOf(more)}`);
    // Another character than those of ASCII has V8 copy the whole text.
    for (const [path, text] of texts) assert.doesNotMatch(text, /[^\0-\x7f]/, path);

    const imported = [...texts.values()].flatMap((text) => {
      const { atOnce, later } = importsIn(text);
      return [...atOnce, ...later];
    });
    const missing = [...new Set(imported)].filter((path) => !texts.has(path)).toSorted();
    // What the other commands run is not run by a call, which asks for their flags alone.
    const { files } = await moduleGraph();
    const others = (path: string) => files.includes(`src/cli/${path.replace(/^(?:\.\.\/)+/, "")}`);
    assert.ok(missing.length > 10);
    assert.deepEqual(missing.filter((path) => !path.endsWith(".ts") || !others(path)), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a binary leaves out types, sources, maps and what only require would find", async () => {
  const paths = await leftOut();
  for (const ending of [".d.ts", ".d.cts", ".cjs", "/src"]) {
    assert.ok(paths.some((path) => path.includes("/zod/") && path.endsWith(ending)), ending);
  }
  // What is loaded stays, and what those who wrote it want to be read.
  assert.deepEqual(paths.filter((path) => /\.(?:m?js|json)$|\/licen[cs]e[^/]*$/i.test(path)), []);
});

Deno.test("sums are what sha256sum --check reads", async () => {
  const path = await Deno.makeTempFile({ prefix: "rpc_sum_" });
  try {
    await Deno.writeTextFile(path, "abc");
    assert.equal(
      await sumLine(new URL(`file://${path}`)),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  " +
        `${path.split(/[\\/]/).at(-1)}\n`,
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("there is a binary for Linux and one for Windows, with permissions and without questions", () => {
  assert.equal(binaries["x86_64-unknown-linux-gnu"], "rpc-x86_64-linux");
  assert.equal(binaries["x86_64-pc-windows-msvc"], "rpc-x86_64-windows.exe");
  for (const target of Object.keys(binaries)) {
    const args = compileArguments(target, "out", []);
    assert.ok(args.includes("--allow-all") && args.includes("--no-prompt"));
    assert.ok(!args.includes("--bundle"));
    assert.ok(args.includes("--no-code-cache"), "bytecode is kept where others can write");
    const flags = args.find((arg) => arg.startsWith("--v8-flags=")) ?? "";
    assert.match(flags, /--no-concurrent-sparkplug\b/, "a call starts a thread");
    assert.match(flags, /--no-ignition-reo\b/, "bytecode that runs once is made shorter");
    assert.equal(args[args.indexOf("--target") + 1], target);
  }
});
