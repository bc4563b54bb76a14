import assert from "node:assert/strict";
import { importsOf, withoutComments } from "../tidy/source.ts";

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

/** What a file loads when it comes to it, from the room of the commands. */
async function dynamicImportsOf(file: string): Promise<string[]> {
  const url = new URL(file, source);
  return importsOf(await Deno.readTextFile(url)).flatMap(({ isDynamic, specifier }) =>
    isDynamic && specifier !== undefined ? [new URL(specifier, url).href] : []
  );
}

/** What describes each command. */
function descriptions(): Promise<string[]> {
  return dynamicImportsOf("commands.ts");
}

/** The modules of the commands. */
async function commandFiles(): Promise<string[]> {
  return (await Promise.all((await descriptions()).map(dynamicImportsOf))).flat();
}

Deno.test("no subcommand loads another's module, and the table loads none", async () => {
  const commands = await commandFiles();
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

/** What a call of a server on this machine loads, if its answer comes at once. */
const briefCall = ["main.ts", "commands/call.ts", "call/brief/brief_call.ts"];

Deno.test("a brief call loads nothing of the client, nor of what makes many calls", async () => {
  const loaded = await loadedBy(...briefCall);
  const rooms = /\/src\/(?:client\/|cli\/call\/(?!brief\/|flags\.ts))/;
  assert.deepEqual([...loaded].filter((url) => rooms.test(url)), []);
});

Deno.test("a brief call with keys loads of the client what connects, and nothing that makes keys", async () => {
  const loaded = [...await loadedBy("call/brief/keyed.ts")];
  assert.ok(loaded.includes("node:tls"));
  const rooms =
    /\/src\/(?:client\/(?!tls\/|transport\.ts)|keys\/(?:authority|file_writing|join\/))/;
  assert.deepEqual(loaded.filter((url) => rooms.test(url)), []);
});

Deno.test("rpc call asks its registry for a session before it loads the client", async () => {
  const loaded = [...await loadedBy("call/call.ts", "../discovery/zookeeper/zookeeper.ts")];
  assert.deepEqual(loaded.filter((url) => /\/src\/client\/(?!transport\.ts)/.test(url)), []);
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
    ...["call/brief/brief_call.ts", "call/brief/begun_call.ts", "call/call.ts"],
    "../client/client.ts",
    ...registries.map((file) => `../discovery/${file}`),
  );
  assert.ok(loaded.size > 40);
  assert.deepEqual([...loaded].filter((url) => !url.startsWith("file:")), []);
});

Deno.test("a server and its workers load nothing of node: before they take calls", async () => {
  const programs = [
    ["../workers/child/worker_main.ts"],
    ["main.ts", "commands/serve.ts", "serve/serve.ts", "../discovery/local/local.ts"],
  ];
  for (const files of programs) {
    const loaded = await loadedBy(...files);
    assert.ok(loaded.size > 40, `${files}`);
    assert.deepEqual([...loaded].filter((url) => url.startsWith("node:")), [], `${files}`);
  }
});

Deno.test("what asks a server for its methods or its calls does not load zod", async () => {
  const files = ["methods/methods.ts", "mcp/mcp.ts", "completions/complete.ts", "tap/tap.ts"];
  for (const file of files) {
    assert.ok(!(await loadedBy(file)).has("zod"), file);
  }
});

/** The files of this program that a file names, which are loaded with it. */
async function namedBy(url: string): Promise<string[]> {
  return importsOf(await Deno.readTextFile(new URL(url)))
    .filter(({ isTypeOnly, isDynamic }) => !isTypeOnly && !isDynamic)
    .flatMap(({ specifier }) => specifier?.startsWith(".") ? [new URL(specifier, url).href] : []);
}

Deno.test("the first files of a brief call name all that is loaded with them", async () => {
  // Deno parses the source map of each file that is the first to name another one.
  const first = [
    ["cli/main.ts"],
    ["cli/commands/call.ts"],
    // The second is the door of a room, behind which only that may name anything.
    ["cli/call/brief/brief_call.ts", "discovery/local/scanner.ts"],
  ];
  const named = new Set<string>();
  const missing: string[] = [];
  for (const files of first) {
    for (const file of files) {
      const url = new URL(`../${file}`, source).href;
      named.add(url);
      for (const one of await namedBy(url)) named.add(one);
    }
    for (const url of await loadedBy(...files.map((file) => `../${file}`))) {
      if (!named.has(url)) missing.push(url.slice(new URL("..", source).href.length));
      named.add(url);
    }
  }
  assert.deepEqual(missing, [], "to be imported by one of the first files");
});

/** Files that a call on this machine may load: each is 0.12 ms of processor time, and more. */
const filesOfACallMax = 37;

Deno.test("rpc call loads no more files than its start may take", async () => {
  const loaded = await loadedBy(...briefCall);
  assert.ok(loaded.size <= filesOfACallMax, `${loaded.size}`);
});

Deno.test("no literal pattern with classes of Unicode is in what rpc call loads", async () => {
  // V8 makes their tables when it reads over a literal, also where that never runs.
  const loaded = await loadedBy(
    ...briefCall,
    ...["call/call.ts", "../client/client.ts", "../discovery/local/local.ts"],
  );
  const found: string[] = [];
  for (const url of loaded) {
    const text = withoutComments(await Deno.readTextFile(new URL(url)));
    if (/\/[^\n"`]*\\p\{[^\n"`]*\/[a-z]*[uv]/.test(text)) found.push(url);
  }
  assert.deepEqual(found, []);
});

Deno.test("nothing of a brief call sets a timer that is slow when it is the first", async () => {
  const found: string[] = [];
  for (const url of await loadedBy(...briefCall)) {
    const text = withoutComments(await Deno.readTextFile(new URL(url)));
    if (/\bset(?:Timeout|Interval)\(|AbortSignal\.timeout|\.onabort/.test(text)) found.push(url);
  }
  assert.deepEqual(found, []);
});

Deno.test("rpc call loads nothing that announces a server", async () => {
  const loaded = await loadedBy("call/call.ts", "../discovery/local/local.ts");
  assert.deepEqual([...loaded].filter((url) => /announce|override/.test(url)), []);
});

Deno.test("what describes a command is loaded for that one alone, and none for the version", async () => {
  const all = await descriptions();
  assert.ok(all.length >= 7);
  const table = await loadedBy("main.ts");
  const roomsOfCommands = [...table].filter((url) => /\/cli\/[^/]+\//.test(url))
    .filter((url) => !/\/cli\/syntax\//.test(url));
  assert.deepEqual(roomsOfCommands, []);
  for (const one of all) {
    const loaded = await loadedBy("main.ts", one);
    assert.deepEqual(all.filter((other) => other !== one && loaded.has(other)), [], one);
    assert.ok(loaded.size - table.size <= 4, `${one}: ${loaded.size - table.size}`);
  }
});

Deno.test("a server and a worker load no zod before a schema is there to check by", async () => {
  for (
    const files of [["main.ts", "commands/serve.ts", "serve/serve.ts"], [
      "../workers/child/worker_main.ts",
    ]]
  ) {
    const loaded = await loadedBy(...files);
    assert.ok(loaded.size > 30);
    assert.ok(!loaded.has("zod"), files.join(" "));
  }
  assert.ok((await loadedBy("../workers/child/sandboxed_main.ts")).has("zod"));
});
