/**
 * `build.mjs <project> <directory>`: what `rpc call` loads, as one file and what it loads later
 * beside it, into a directory. In a folder of its own, since the bundler is no dependency of the
 * program: its lock file would be read at each start from source.
 */

// By a name that only this program reads: the project has no such package.
const bundler = "rolldown";
const { rolldown } = await import(bundler);

/** As on all systems but Windows. */
const slashed = (path) => path.replaceAll("\\", "/");

const [project, directory] = Deno.args.map(slashed);
const source = `${project}src/`;

/** The module that begins, which is not written down anywhere else. */
const entry = `${source}call_build.ts`;

/** What each call loads, though some of it by `import()`, and what the entry gives. */
const entryText = `
  import "./cli/commands/call.ts";
  import "./cli/call/brief/brief_call.ts";
  export { main } from "./cli/main.ts";
`;

/** All that the entry loads before it runs. */
const loadedAtOnce = new Set();

/** What is loaded in one go when a call is more than brief. */
const clientRoots = [
  "cli/call/call.ts",
  "cli/call/brief/begun_call.ts",
  "client/client.ts",
  "discovery/local/local.ts",
];
const loadedByClient = new Set();

/** The files that are no modules of TypeScript are imported as texts. */
const isText = (id) => slashed(id).startsWith(source) && !id.endsWith(".ts");

/** Of the other commands a call asks for their flags alone, where somebody has settings. */
const isOtherCommand = (importer) => /\/cli\/commands\/(?!call\.ts$)/.test(slashed(importer));

const { imports } = JSON.parse(await Deno.readTextFile(`${project}deno.json`));
const packages = Object.keys(imports).filter((name) => name !== "rpc");

const build = await rolldown({
  input: { call: entry },
  platform: "neutral",
  tsconfig: false,
  external: (id) =>
    /^(?:node|npm):/.test(id) || packages.some((name) => `${id}/`.startsWith(`${name}/`)),
  optimization: { inlineConst: true },
  checks: { ineffectiveDynamicImport: false },
  onLog(_level, { message }) {
    throw new Error(message);
  },
  plugins: [{
    name: "rpc",
    resolveId: (id) => id === entry ? entry : undefined,
    resolveDynamicImport: (specifier, importer) =>
      isOtherCommand(importer) ? { id: specifier, external: true } : undefined,
    load(id) {
      if (id === entry) return entryText;
      if (!isText(id)) return;
      const code = `export default ${JSON.stringify(Deno.readTextFileSync(id))};`;
      return { code, moduleType: "js" };
    },
    buildEnd() {
      const follow = (next, found) => {
        for (let id = next.pop(); id !== undefined; id = next.pop()) {
          if (found.has(id)) continue;
          found.add(id);
          next.push(...this.getModuleInfo(id)?.importedIds ?? []);
        }
      };
      follow([entry], loadedAtOnce);
      follow(clientRoots.map((path) => `${source}${path}`), loadedByClient);
    },
  }],
});
const { output } = await build.generate({
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  // Shorter names are less for V8 to read. Stack traces have those of functions and classes.
  minify: {
    compress: true,
    mangle: { toplevel: true, keepNames: { function: true, class: true } },
    codegen: true,
  },
  codeSplitting: {
    groups: [
      { debugName: "main", name: (id) => loadedAtOnce.has(id) ? "main" : null, priority: 2 },
      { debugName: "client", name: (id) => loadedByClient.has(id) ? "client" : null, priority: 1 },
    ],
  },
});

await Deno.mkdir(directory, { recursive: true });
for (const { fileName, code } of output) {
  // V8 takes a text of ASCII as it lies in the binary; any other is copied, and twice as long.
  const ascii = code.replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  await Deno.writeTextFile(`${directory}/${fileName}`, ascii);
}
