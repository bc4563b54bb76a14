import assert from "node:assert/strict";
import { importsOf } from "../tidy/source.ts";

const source = new URL("../../src/cli/", import.meta.url);

/**
 * Everything that loading a file loads with it, dynamic imports apart: URLs of files, names of
 * packages.
 */
async function loadedBy(...files: readonly string[]): Promise<Set<string>> {
  const loaded = new Set<string>();
  const next = files.map((file) => new URL(file, source).href);
  for (let url = next.pop(); url !== undefined; url = next.pop()) {
    if (loaded.has(url)) continue;
    loaded.add(url);
    if (!url.startsWith("file:")) continue;
    for (const one of importsOf(await Deno.readTextFile(new URL(url)))) {
      if (one.isTypeOnly || one.isDynamic || one.specifier === undefined) continue;
      next.push(one.specifier.startsWith(".") ? new URL(one.specifier, url).href : one.specifier);
    }
  }
  return loaded;
}

/** The modules that the table of commands can load. */
async function commandFiles(): Promise<string[]> {
  const table = await Deno.readTextFile(new URL("commands.ts", source));
  return importsOf(table).flatMap(({ isDynamic, specifier }) => isDynamic ? specifier ?? [] : []);
}

Deno.test("no subcommand loads another's module, and the table loads none", async () => {
  const commands = (await commandFiles()).map((file) => new URL(file, source).href);
  assert.ok(commands.length >= 7);
  const table = await loadedBy("main.ts");
  assert.deepEqual(commands.filter((command) => table.has(command)), []);
  for (const command of commands) {
    const loaded = await loadedBy(command);
    assert.deepEqual(commands.filter((one) => one !== command && loaded.has(one)), [], command);
  }
});

Deno.test("OpenTelemetry is loaded by one file, and that one only when it is asked for", async () => {
  const name = "@opentelemetry/api";
  for (const file of ["main.ts", ...await commandFiles()]) {
    assert.ok(!(await loadedBy(file)).has(name), file);
  }
  assert.ok((await loadedBy("process/open_telemetry.ts")).has(name));
});

Deno.test("rpc call loads no package and nothing of node: before its call", async () => {
  const registries = [
    "local/local.ts",
    "static.ts",
    "zookeeper/zookeeper.ts",
    "last_known/last_known.ts",
    "last_known/store.ts",
  ];
  const loaded = await loadedBy(
    "main.ts",
    "call/call.ts",
    ...registries.map((file) => `../discovery/${file}`),
  );
  assert.ok(loaded.size > 40);
  assert.deepEqual([...loaded].filter((url) => !url.startsWith("file:")), []);
});
