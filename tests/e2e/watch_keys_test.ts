import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { noPython, python } from "../support/python.ts";
import { rpcCommand } from "../support/program.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { within } from "../support/wait_for.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** Does steps at the terminal of `rpc servers --watch`, and tells how it ended. */
async function pressing(home: RpcHome, steps: readonly string[]): Promise<string> {
  const child = new Deno.Command(python as string, {
    args: [
      fileURLToPath(new URL("fixtures/press_keys.py", import.meta.url)),
      ...rpcCommand,
      "servers",
      "--watch",
    ],
    env: home.env({ TERM: "xterm" }),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${steps.join("\n")}\n`));
  await writer.close();
  try {
    const { stdout } = await within("the steps", child.output());
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    child.kill("SIGKILL");
    await child.status;
    throw error;
  }
}

const noTerminal = noPython ?? onWindows;

Deno.test({
  ...skippedIf(
    noTerminal,
    "rpc servers --watch is sorted, filtered and opened by keys, and q gives the terminal back",
  ),
  async fn() {
    await using home = await RpcHome.create();
    const [one] = await Promise.all([
      home.serve(["--zone", "east"]),
      home.serve(["--zone", "west"]),
    ]);
    await home.run(["call", "fib", "20", "--server", one.address]);
    const ended = await pressing(home, [
      "wait ready",
      "press ss",
      "wait by calls/s",
      "press /eas",
      "wait filter: eas",
      "press t\\r",
      "wait filter: east",
      "press \\r",
      "wait method",
      "wait fib",
      "press q",
      `wait ${one.address}`,
      "press q",
    ]);
    assert.equal(ended, "exit code 0, as before");
  },
});

Deno.test({
  ...skippedIf(noTerminal, "Ctrl-C ends a live table with 130, and gives the terminal back"),
  async fn() {
    await using home = await RpcHome.create();
    const ended = await pressing(home, ["wait None is registered", "press \\x03"]);
    assert.equal(ended, "exit code 130, as before");
  },
});
