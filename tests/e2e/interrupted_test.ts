import assert from "node:assert/strict";
import { join } from "node:path";
import { signalTest } from "../support/posix.ts";
import { RpcHome } from "../support/rpc_process.ts";

/** What asks and waits, and where the one that is asked is named. */
const commands: readonly (readonly [words: string, registry: "static" | "zookeeper"])[] = [
  ["servers", "static"],
  ["servers --json", "static"],
  ["servers drain 127.0.0.1", "static"],
  ["methods", "static"],
  ["methods fib", "static"],
  ["doctor", "static"],
  ["servers", "zookeeper"],
  ["methods", "zookeeper"],
  ["services", "zookeeper"],
  ["doctor", "zookeeper"],
];

signalTest(
  "Ctrl-C ends a command that waits for an answer, at once and without a word",
  async () => {
    await using home = await RpcHome.create();
    await Promise.all(commands.map(async ([words, registry]) => {
      using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = silent.addr as Deno.NetAddr;
      const args = words.replace("127.0.0.1", `127.0.0.1:${port}`).split(" ");
      const timeout = args[0] === "services" ? [] : ["--timeout", "10m"];
      const command = home.start([
        ...args,
        "-r",
        `${registry}:${registry === "static" ? "" : "//"}127.0.0.1:${port}`,
        ...timeout,
      ]);
      using _asked = await silent.accept();
      command.signal("SIGINT");
      assert.equal(await command.ended(), 130, command.describe());
      assert.equal(command.stderr, "", command.describe());
      assert.doesNotMatch(command.stdout, /no answer/, command.describe());
    }));
  },
);

signalTest("Ctrl-C ends a gateway that waits for its certificate from a pipe", async () => {
  await using home = await RpcHome.create();
  const pipe = join(home.directory, "pipe");
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const tls = ["--no-token", "--tls-cert", pipe, "--tls-key", pipe];
  const gateway = home.start(["gateway", "127.0.0.1:0", ...tls]);
  // It opens once it is being read.
  using _writer = await Deno.open(pipe, { write: true });
  gateway.signal("SIGINT");
  assert.equal(await gateway.ended(), 130, gateway.describe());
});
