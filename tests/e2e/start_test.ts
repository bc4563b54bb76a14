/** How a server begins and ends by signals, whoever else gets them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "rpc";
import { lives } from "../support/process_table.ts";
import { noPython, python } from "../support/python.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { skippedIf } from "../support/skipped_if.ts";
import { notLinux, onWindows } from "../support/posix.ts";

/** Says which process it is, and never ends to load. */
const endless = `Deno.writeTextFileSync("pid", String(Deno.pid));
await new Promise(() => setInterval(() => {}, 1_000));
export const f = () => 1;`;

Deno.test({
  ...skippedIf(
    onWindows,
    "a module that never ends to load is told of, and the first signal of any kind ends the start",
  ),
  async fn() {
    // At once: each waits until it is told of.
    await Promise.all((["SIGINT", "SIGTERM", "SIGHUP"] as const).map(async (signal) => {
      await using home = await RpcHome.create();
      await Deno.writeTextFile(join(home.workingDirectory, "tasks.ts"), endless);
      const pidFile = join(home.workingDirectory, "pid");
      const server = home.start(["serve", "127.0.0.1", "0", "tasks.ts", "--workers", "1"], {
        ownGroup: true,
      });
      await server.says(/Still loading tasks\.ts \.\.\./);
      // On a slow machine the worker may not have come to it.
      const pid = await waitFor(
        "the worker's process",
        async () => Number(await Deno.readTextFile(pidFile).catch(() => "")) || undefined,
      );
      server.signalGroup(signal);
      assert.equal(await server.ended(), 130, `${signal}: ${server.describe()}`);
      await waitFor("the worker's end", async () => !await lives(pid));
      assert.equal(server.stdout, "");
    }));
  },
});

Deno.test({
  ...skippedIf(onWindows, "a start that waits for its registry ends at the first signal"),
  async fn() {
    // A registry that takes connections and says nothing.
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using home = await RpcHome.create(`zookeeper://127.0.0.1:${listener.addr.port}`);
    const server = home.start(["serve", "127.0.0.1", "0", "--workers", "1"]);
    using _connection = await listener.accept();
    server.signal("SIGTERM");
    assert.equal(await server.ended(), 130, server.describe());
    assert.equal(server.stdout, "");
  },
});

const slow = `export async function slow() {
  await Deno.writeTextFile("begun", "");
  while (!(await Deno.stat("go").catch(() => undefined))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return "done";
}`;

/** A server that waits for its calls also where what is looked at meanwhile takes long. */
const patient = ["--drain-timeout", "10m"];

for (
  const [name, signal] of [
    ["the terminal's end drains as SIGTERM does", "SIGHUP"],
    ["a terminal's Ctrl-C lets the calls of all workers end", "SIGINT"],
  ] as const
) {
  Deno.test({
    ...skippedIf(onWindows, name),
    async fn() {
      await using home = await RpcHome.create();
      const at = (name: string) => join(home.workingDirectory, name);
      await Deno.writeTextFile(at("tasks.ts"), slow);
      const server = await home.serve(["127.0.0.1", "0", "tasks.ts", ...patient], {
        ownGroup: true,
      });
      await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
      const call = client.call("slow");
      await waitFor("the call to begin", () => Deno.stat(at("begun")).catch(() => false));
      server.process.signalGroup(signal);
      // A shell sends it to its jobs beside the system, which has sent it to the group.
      if (signal === "SIGHUP") server.process.signalGroup(signal);
      await server.process.says(/Draining/);
      await Deno.writeTextFile(at("go"), "");
      assert.equal(await call, "done");
      assert.equal(await server.process.ended(), 0);
    },
  });
}

Deno.test({
  ...skippedIf(notLinux, "under nohup the terminal's end is nothing to a server"),
  async fn() {
    await using home = await RpcHome.create();
    const shell = "trap '' HUP;";
    const server = await home.serve([], { shell });
    const call = home.start(["call", "ping", "--duration", "1h", "--rate", "50"], { shell });
    const pongs = () => call.lines.length;
    await waitFor("a first call", () => pongs() > 0);
    for (const process of [server.process, call]) process.signal("SIGHUP");
    const before = pongs();
    await waitFor("further calls", () => pongs() > before + 10);
    assert.doesNotMatch(server.stderr, /Draining/);
    assert.equal(await server.stop(), 0);
  },
});

Deno.test({
  ...skippedIf(
    notLinux,
    "under nohup the terminal's end is nothing to a call that was begun without the client",
  ),
  async fn() {
    await using home = await RpcHome.create();
    const at = (name: string) => join(home.workingDirectory, name);
    await Deno.writeTextFile(
      at("tasks.ts"),
      `export async function* slow() {
        yield "begun";
        while (!(await Deno.stat("go").catch(() => undefined))) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }`,
    );
    await home.serve(["127.0.0.1", "0", "tasks.ts"]);
    const call = home.start(["call", "slow"], { shell: "trap '' HUP;" });
    // Items are printed by the client, so that has taken over.
    await call.line(/begun/);
    call.signal("SIGHUP");
    await Deno.writeTextFile(at("go"), "");
    assert.equal(await call.ended(), 0, call.describe());
  },
});

/** A worker that waits for a file in its call. */
const slowPython = `
import json, os, sys, time
methods = [{"name": "slow", "params": []}]
for line in sys.stdin:
    request = json.loads(line)
    result = {"openrpc": "1.3.2", "info": {"title": "t", "version": "1"}, "methods": methods}
    if request["method"] == "slow":
        open("begun", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
        result = "done"
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
`;

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test({
    ...skippedIf(
      noPython ?? onWindows,
      `a program of somebody else's ends its call when ${signal} comes to all`,
    ),
    async fn() {
      await using home = await RpcHome.create();
      const at = (name: string) => join(home.workingDirectory, name);
      await Deno.writeTextFile(at("slow.py"), slowPython);
      const server = await home.serve(
        ["127.0.0.1", "0", "--no-builtin", "--exec", `${python} slow.py`, ...patient],
        { ownGroup: true },
      );
      await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
      const call = client.call("slow");
      await waitFor("the call to begin", () => Deno.stat(at("begun")).catch(() => false));
      server.process.signalGroup(signal);
      await server.process.says(/Draining/);
      await Deno.writeTextFile(at("go"), "");
      assert.equal(await call, "done");
      assert.equal(await server.process.ended(), 0);
    },
  });
}

Deno.test({
  ...skippedIf(noPython ?? onWindows, "a server whose terminal is closed lets its calls end"),
  async fn() {
    await using home = await RpcHome.create();
    const at = (name: string) => join(home.workingDirectory, name);
    await Deno.writeTextFile(at("tasks.ts"), slow);
    const main = fileURLToPath(new URL("../../main.ts", import.meta.url));
    const terminal = new Deno.Command(python as string, {
      args: [
        fileURLToPath(new URL("fixtures/hang_up.py", import.meta.url)),
        ...[Deno.execPath(), "run", "-A", "--no-prompt", main],
        ...["serve", "127.0.0.1", "0", "tasks.ts", "--workers", "1", ...patient],
      ],
      cwd: home.workingDirectory,
      env: home.env(),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    try {
      // However its writes are cut: a line is read to its end.
      const output = terminal.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let said = "";
      while (!said.includes("\n")) said += (await output.read()).value ?? assert.fail("it ended");
      assert.match(said, /^ready /);
      await using client = await connect({ registry: home.registry, timeoutMs: 120_000 });
      const call = client.call("slow");
      await waitFor("the call to begin", () => Deno.stat(at("begun")).catch(() => false));
      const stdin = terminal.stdin.getWriter();
      await stdin.write(new TextEncoder().encode("close\n"));
      await waitFor("the server to leave its registry", async () => {
        return (await home.run(["servers", "--json"])).stdout === "";
      });
      await Deno.writeTextFile(at("go"), "");
      assert.equal(await call, "done");
      await stdin.close();
      said = "";
      for (let part = await output.read(); !part.done; part = await output.read()) {
        said += part.value;
      }
      assert.equal(said, "exit code 0\n");
    } finally {
      try {
        terminal.kill("SIGKILL");
      } catch {
        // It has ended by itself, as it should.
      }
      await terminal.status;
    }
  },
});
