import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RpcHome } from "../support/rpc_process.ts";

const program = new URL("fixtures/who_answers.ts", import.meta.url);

/** What a program of the library and `rpc call` find, started in the same place. */
async function found(home: RpcHome, env: Record<string, string>): Promise<[string, string]> {
  const library = await home.run([], { program, env });
  const call = await home.run(["call", "who"], { env });
  return [library.stdout.trim(), call.stdout.trim()];
}

Deno.test("connect() and serve() obey what rpc call beside them obeys", async () => {
  await using home = await RpcHome.create();
  const module = fileURLToPath(new URL("fixtures/who.ts", import.meta.url));
  const registry = (name: string) => `local:${home.directory}/${name}`;
  for (const name of ["environment", "here", "user"]) {
    await home.serve(["127.0.0.1", "0", module], {
      env: { RPC_REGISTRY: registry(name), WHO: name },
    });
  }
  await home.serve(["127.0.0.1", "0", module, "--service", "other"], {
    env: { RPC_REGISTRY: registry("user"), WHO: "other service" },
  });
  const none = { RPC_REGISTRY: "" };
  await Deno.mkdir(join(home.directory, "config", "rpc"));
  await Deno.writeTextFile(home.settingsPath, `registry = ${JSON.stringify(registry("user"))}\n`);
  assert.deepEqual(await found(home, none), ['"user"', '"user"']);
  assert.deepEqual(await found(home, { ...none, RPC_SERVICE: "other" }), [
    '"other service"',
    '"other service"',
  ]);
  const here = join(home.workingDirectory, "rpc.toml");
  await Deno.writeTextFile(here, `registry = ${JSON.stringify(registry("here"))}\n`);
  assert.deepEqual(await found(home, none), ['"user"', '"user"'], "a stranger's, maybe");
  await home.run(["config", "trust"]);
  assert.deepEqual(await found(home, none), ['"here"', '"here"']);
  const inEnvironment = { RPC_REGISTRY: registry("environment") };
  assert.deepEqual(await found(home, inEnvironment), ['"environment"', '"environment"']);
  await Deno.writeTextFile(here, "registry = \n");
  const broken = await home.run([], { program, env: none });
  assert.match(broken.stderr, /InvalidParams: Cannot read rpc\.toml: .*line 1/s);
});
