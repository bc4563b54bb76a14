import assert from "node:assert/strict";
import { freePort } from "../support/free_port.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** The lines of a key in PEM that are the key. */
function bodyOf(path: string): string[] {
  return Deno.readTextFileSync(path).split("\n").filter((line) =>
    /^[A-Za-z0-9+/=]{16,}$/.test(line)
  );
}

/** The command lines and, where the system shows them, the environments of all processes. */
async function ps(): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "eww", "-o", "args="] }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test({
  ...skippedIf(
    onWindows,
    "no key, no token and no secret is in ps, a log, an error, the settings or a worker",
  ),
  fn: async () => {
    await using home = await RpcHome.create();
    await using other = await RpcHome.create(home.registry);
    const keys = `${home.directory}/config/rpc/keys`;
    await home.run(["keys", "init", "--name", "alpha"]);
    const place = `127.0.0.1:${freePort()}`;
    const inviting = home.start(["keys", "invite", place]);
    const [token] = await inviting.line(/^rpc-join-\S+$/);
    const joining = await other.run(["keys", "join", place, "--name", "bob"], { stdin: token });
    const whileInvited = await ps();
    await inviting.ended();

    const module = `${home.workingDirectory}/look.ts`;
    await Deno.writeTextFile(
      module,
      `import { readdirSync, readFileSync } from "node:fs";
       export const cores = () => readFileSync("/proc/self/coredump_filter", "utf8");
       export const look = () => [Deno.env.toObject(), Deno.args, readdirSync("/proc/self/fd").length];`,
    );
    const server = await home.serve(["127.0.0.1", "0", module, "--log-level", "debug"]);
    const alone = await home.serve([
      "--private",
      "--insecure",
      "--service",
      "alone",
      "--log-level",
      "debug",
    ]);
    const commands: readonly (readonly string[])[] = [
      ["call", "look", "--verbose"],
      ["call", "nothing", "--verbose"],
      ["call", "rpc.stats"],
      ["servers", "--verbose"],
      ["servers", "--json"],
      ["servers", "--json", "--insecure", "--service", "alone"],
      ["call", "ping", "--verbose", "--insecure", "--service", "alone"],
      ["config", "get"],
      ["config", "get", "--json"],
      ["keys", "show"],
      ["keys", "show", "--json"],
      ["keys", "zookeeper", "127.0.0.1"],
    ];
    const ran = [];
    for (const command of commands) ran.push(await home.run(command));
    const files = [...Deno.readDirSync(`${home.directory}/registry/alone`)]
      .filter(({ name }) => name.endsWith(".json"))
      .map(({ name }) => Deno.readTextFileSync(`${home.directory}/registry/alone/${name}`));
    const secrets = [
      token,
      token.slice(-22),
      ...bodyOf(`${keys}/machine.key`),
      ...bodyOf(`${keys}/ca.key`),
      ...bodyOf(`${other.directory}/config/rpc/keys/machine.key`),
      ...files.map((text) => JSON.parse(text).rpc.secret as string),
    ];
    assert.ok(secrets.length >= 9 && secrets.every((secret) => secret.length >= 16));
    const said = [
      whileInvited,
      await ps(),
      inviting.stderr,
      joining.stdout,
      joining.stderr,
      server.stderr,
      alone.stderr,
      ...ran.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      Deno.readTextFileSync(`${keys}/issued.ndjson`),
      Deno.readTextFileSync(`${keys}/machine.crt`),
    ];
    for (const secret of secrets) {
      for (const text of said) assert.ok(!text.includes(secret), `a secret is in:\n${text}`);
    }
    assert.match(ran[0]?.stdout ?? "", /PATH/, "the worker's environment was looked at");
    if (Deno.build.os === "linux") {
      const ofCores = (process: number | "self") =>
        Deno.readTextFileSync(`/proc/${process}/coredump_filter`).trim();
      assert.equal(ofCores(server.pid), "00000000", "a core file of the server holds no memory");
      const { stdout } = await home.run(["call", "cores"]);
      assert.equal(JSON.parse(stdout).trim(), ofCores("self"), "one of a worker is as before");
    }
    await server.stop();
    await alone.stop();
  },
});
