import assert from "node:assert/strict";
import { join } from "node:path";
import { freePort } from "../support/free_port.ts";
import { RpcHome } from "../support/rpc_process.ts";

const password = "hunter2-and-more";

Deno.test("the registry's password is shown by no command, and handed to no worker", async () => {
  const port = freePort();
  await using home = await RpcHome.create(`zookeeper://me:${password}@127.0.0.1:${port}`);
  await Deno.writeTextFile(
    join(home.workingDirectory, "look.ts"),
    "export const look = () => Deno.env.toObject();",
  );
  const server = await home.serve(["127.0.0.1", "0", "look.ts"]);
  const seen = await home.run(["call", "look", "--registry", `static:${server.address}`]);
  assert.equal(JSON.parse(seen.stdout)["RPC_REGISTRY"], `zookeeper://127.0.0.1:${port}`);
  const commands = [
    ["servers"],
    ["servers", "--json"],
    ["methods"],
    ["call", "look"],
    ["config", "get"],
    ["config", "get", "registry"],
    ["config", "get", "--json"],
    ["config", "set", "service", "x"],
  ];
  const texts = [seen, ...await Promise.all(commands.map((command) => home.run(command)))]
    .flatMap(({ stdout, stderr }) => [stdout, stderr]);
  for (const text of [...texts, server.stderr, server.readyLine]) {
    assert.ok(!text.includes(password), text);
  }
  assert.match(texts.join(), /zookeeper:\/\/me:\*\*\*@127\.0\.0\.1/);
});
