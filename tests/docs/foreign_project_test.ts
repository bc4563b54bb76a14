/** The library in a project that is not ours: its compiler's options are the user's. */

import assert from "node:assert/strict";
import { cp as copyDirectory } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RpcHome } from "../support/rpc_process.ts";
import { twoAtOnce } from "../support/two_at_once.ts";
import { namedFiles } from "./commands.ts";

const root = new URL("../../", import.meta.url);
const decoder = new TextDecoder();

/**
 * Makes the working directory a project with the README's files and its lines of deno.json.
 *
 * @param library where `src` is
 */
async function makeProject(
  home: RpcHome,
  readme: string,
  compilerOptions?: object,
  library = root,
): Promise<void> {
  const text = await Deno.readTextFile(new URL(readme, root));
  for (const file of namedFiles(text)) {
    await Deno.writeTextFile(join(home.workingDirectory, file.name), file.text);
  }
  const [, imports = ""] = /`"imports": (\{ "rpc": [^`]*\})`/.exec(text) ?? [];
  // A path of Windows would be taken for a URL whose scheme is the drive.
  const place = Deno.build.os === "windows" ? library.href : fileURLToPath(library);
  const named = imports.replace(/<[^>]*>/, place.replace(/\/$/, ""));
  await Deno.writeTextFile(
    join(home.workingDirectory, "deno.json"),
    JSON.stringify({ imports: JSON.parse(named), ...(compilerOptions && { compilerOptions }) }),
  );
}

async function deno(home: RpcHome, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: home.workingDirectory,
    env: home.env(),
    stdin: "null",
  }).output();
  assert.equal(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test("each README's own project type-checks by the compiler's defaults, and runs", async () => {
  await twoAtOnce(["README.md", "README.zh-CN.md"], async (readme) => {
    await using home = await RpcHome.create();
    await makeProject(home, readme);
    await home.serve(["127.0.0.1", "0", "tasks.ts"]);
    const stdout = await deno(home, ["run", "--check", "--allow-all", "client.ts"]);
    assert.equal(stdout, "2178309\n320\n", readme);
  });
});

const projects = [
  {
    strict: false,
    noImplicitAny: true,
    lib: ["deno.ns", "esnext", "dom", "dom.iterable", "dom.asynciterable"],
  },
  {
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    ...{ noImplicitReturns: true, noUnusedLocals: true, noUnusedParameters: true },
    ...{ noPropertyAccessFromIndexSignature: true, noFallthroughCasesInSwitch: true },
    ...{ noImplicitOverride: true, noUncheckedSideEffectImports: true },
    ...{ verbatimModuleSyntax: true, isolatedModules: true, erasableSyntaxOnly: true },
    ...{ allowUnreachableCode: false, allowUnusedLabels: false },
  },
];

Deno.test("the library type-checks in projects that are not strict, and as strict as can be", async () => {
  await twoAtOnce(projects, async (compilerOptions) => {
    await using home = await RpcHome.create();
    // Without our deno.json, which Deno reads too where both are on the same drive of Windows.
    const library = join(home.directory, "library");
    await copyDirectory(fileURLToPath(new URL("src", root)), join(library, "src"), {
      recursive: true,
    });
    await makeProject(home, "README.md", compilerOptions, pathToFileURL(`${library}/`));
    await deno(home, ["check", "client.ts"]);
  });
});

/** Calls a server that is not there, by its address, and prints how that failed. */
const caller = `import { connect } from "rpc";

await using client = await connect({ registry: "static:127.0.0.1:1", insecure: true });
console.log((await client.report("ping", [])).error?.name);
`;

Deno.test("who names the registry and goes without keys needs the right to the network alone", async () => {
  await using home = await RpcHome.create();
  await makeProject(home, "README.md");
  await Deno.writeTextFile(join(home.workingDirectory, "caller.ts"), caller);
  const rights = ["--no-prompt", "--allow-net"];
  assert.equal(await deno(home, ["run", "--no-check", ...rights, "caller.ts"]), "Unavailable\n");
});
