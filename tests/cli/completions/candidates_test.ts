import assert from "node:assert/strict";
import { balancePolicies } from "../../../src/client/endpoints/endpoint_types.ts";
import { loadCommands } from "../../../src/cli/commands.ts";
import { settingsOf } from "../../../src/cli/syntax/settings.ts";
import { candidatesFor } from "../../../src/cli/completions/candidates.ts";

const commands = await loadCommands();

/** What a line can become; the last word is the one at the cursor. */
async function completed(...words: string[]): Promise<string[]> {
  const { values, files } = await candidatesFor(
    { before: words.slice(0, -1), current: words.at(-1) ?? "" },
    {
      commands,
      settings: settingsOf(commands),
      methods: (_, flags) => {
        const names = ["fib", "ping", `of-${flags.get("registry") ?? "local:"}`];
        return Promise.resolve(names.map((value) => ({ value, description: "" })));
      },
      servers: (_, flags) => {
        const addresses = ["10.0.0.1:1", "10.0.0.2:1", `${flags.get("service") ?? "rpc"}:1`];
        return Promise.resolve(addresses.map((value) => ({ value, description: "" })));
      },
      zones: () => Promise.resolve([{ value: "east", description: "2 servers" }]),
    },
  );
  return [...values.map(({ value }) => value), ...(files ? [":files"] : [])];
}

Deno.test("the first word is a subcommand, and none that is hidden", async () => {
  const shown = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  assert.deepEqual(await completed(""), [...shown, "help"]);
  assert.deepEqual(await completed("help", "ser"), ["serve", "servers", "services", "service"]);
  assert.deepEqual(await completed("--v"), ["--version"]);
  assert.deepEqual(await completed("worker", ""), []);
});

Deno.test("a word that begins with - is a flag, its value or none", async () => {
  assert.deepEqual(await completed("call", "ping", "--con"), ["--concurrency"]);
  assert.deepEqual(await completed("call", "--balance", ""), [...balancePolicies]);
  assert.deepEqual(await completed("call", "--balance=ra"), ["--balance=random"]);
  assert.deepEqual(await completed("call", "--json", "fi"), ["fib"]);
  assert.deepEqual(await completed("serve", "--log-format", "j"), ["json"]);
  assert.deepEqual(await completed("demo", "--html", ""), [":files"]);
  assert.deepEqual(await completed("call", "--repeat", ""), []);
  assert.deepEqual(await completed("call", "ping", "--", "--con"), []);
});

Deno.test("methods are asked of the registry that the line names", async () => {
  assert.deepEqual(await completed("call", "--registry", "static:a:1", "of"), ["of-static:a:1"]);
  assert.deepEqual(await completed("call", "--registry=static:a:1", "of"), ["of-static:a:1"]);
  assert.deepEqual(await completed("call", "-r", "static:a:1", "of"), ["of-static:a:1"]);
});

Deno.test("a zone is completed with those that servers stand in", async () => {
  assert.deepEqual(await completed("serve", "--zone", ""), ["east"]);
  assert.deepEqual(await completed("call", "fib", "--zone=e"), ["--zone=east"]);
});

Deno.test("a server is completed wherever one is wanted", async () => {
  const two = ["10.0.0.1:1", "10.0.0.2:1"];
  assert.deepEqual(await completed("call", "fib", "--server", "10."), two);
  assert.deepEqual(await completed("tap", "--service", "img", "--server", "i"), ["img:1"]);
  assert.deepEqual(await completed("call", "--server=10.0.0.2"), ["--server=10.0.0.2:1"]);
  assert.deepEqual(await completed("call", "--serv"), ["--service", "--server"]);
  assert.deepEqual(await completed("servers", "drain", "10."), two);
  assert.deepEqual(await completed("servers", "weight", "10.0.0.1:1", ""), []);
  assert.deepEqual(await completed("call", "--", "--server="), []);
});

Deno.test("rpc methods and rpc tap are completed by the service's methods", async () => {
  assert.deepEqual(await completed("methods", "f"), ["fib"]);
  assert.deepEqual(await completed("tap", "fib", "pi"), ["ping"]);
});

Deno.test("arguments are completed by what they are", async () => {
  assert.deepEqual(await completed("config", ""), ["get", "set", "unset", "path", "trust"]);
  assert.deepEqual(await completed("config", "set", "balan"), ["balance"]);
  assert.deepEqual(await completed("config", "set", "balance", "p"), ["p2c"]);
  assert.deepEqual(await completed("serve", "127.0.0.1", "0", ""), [":files"]);
  assert.deepEqual(await completed("serve", ""), [":files"]);
  assert.deepEqual(await completed("serve", "--allow-read=./d"), [":files"]);
  assert.deepEqual(await completed("call", "fib", ""), []);
});

Deno.test("what follows rpc service install -- is completed as the arguments of rpc serve", async () => {
  const install = ["service", "install", "--name", "images"];
  assert.deepEqual(await completed(...install, "--", "127.0.0.1", "0", ""), [":files"]);
  assert.deepEqual(await completed(...install, "--", "--watc"), ["--watch"]);
  assert.deepEqual(await completed(...install, "--", "--zone", ""), ["east"]);
  assert.deepEqual(await completed(...install, ""), []);
});
