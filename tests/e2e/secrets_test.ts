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

Deno.test("a password or a token in the wrong place is not repeated", async () => {
  await using home = await RpcHome.create();
  const token = `rpc-join-0123456789abcdef-${"Ab1_".repeat(5)}-x`;
  const url = `zookeeper://me:${password}@127.0.0.1:1`;
  const lines: readonly (readonly string[])[] = [
    ["keys", "join", token],
    ["keys", "join", "127.0.0.1:6665", token],
    ["keys", "import", token],
    ["keys", token],
    ["call", "ping", "--name", token],
    ["servers", url],
    ["serve", "127.0.0.1", "0", url],
    ["serve", "127.0.0.1", url],
    ["call", "ping", "--timeout", url],
    ["call", "ping", `--timeot=${url}`],
    ["call", "ping", "--service", url],
    ["config", "set", "timeout", url],
    ["config", "set", url, "x"],
    ["config", "get", url],
    ["gateway", url],
    [url],
  ];
  const set = [
    `zookeper://me:${password}@h`,
    `ZOOKEEPER://me:${password}@h`,
    `x://me:${password}@h`,
  ];
  const ran = await Promise.all([
    ...lines.map((line) => home.run(line)),
    ...set.map((registry) => home.run(["config", "get"], { env: { RPC_REGISTRY: registry } })),
    ...set.map((registry) => home.run(["call", "ping"], { env: { RPC_REGISTRY: registry } })),
    home.run(["call", "ping"], { env: { RPC_TIMEOUT: url } }),
  ]);
  for (const { stdout, stderr } of ran) {
    const text = stdout + stderr;
    assert.notEqual(text, "");
    assert.ok(!text.includes(password) && !text.includes(token.slice(-22)), text);
  }
});
