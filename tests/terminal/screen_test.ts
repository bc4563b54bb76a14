import assert from "node:assert/strict";
import { Screen } from "../../src/terminal/screen.ts";
import { RpcHome } from "../support/rpc_process.ts";
import { waitFor } from "../support/wait_for.ts";
import { onWindows } from "../support/posix.ts";
import { skippedIf } from "../support/skipped_if.ts";

const entering = "\x1b[?1049h";
const leaving = "\x1b[?1049l";

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

async function isStopped(pid: number): Promise<boolean> {
  const args = ["-o", "stat=", "-p", String(pid)];
  const { stdout } = await new Deno.Command("ps", { args }).output();
  return new TextDecoder().decode(stdout).startsWith("T");
}

Deno.test({
  ...skippedIf(
    onWindows,
    "Ctrl-Z gives the terminal back until the program goes on, and SIGQUIT gives it back for good",
  ),
  async fn() {
    await using home = await RpcHome.create();
    const program = new URL("fixtures/screen_program.ts", import.meta.url);
    const process = home.start([], { program });
    const has = (part: string, times: number) =>
      waitFor(
        () => `${JSON.stringify(part)} ${times} times: ${process.describe()}`,
        () => count(process.stdout, part) === times,
      );
    await has("what is shown", 1);
    process.signal("SIGTSTP");
    await has(leaving, 1);
    // One that goes on before it has stopped would then stop for good.
    await waitFor("it to stop", () => isStopped(process.pid));
    process.signal("SIGCONT");
    await has("what is shown", 2);
    assert.equal(count(process.stdout, entering), 2);
    process.signal("SIGQUIT");
    assert.equal(await process.ended(), 131);
    assert.ok(process.stdout.endsWith(leaving), JSON.stringify(process.stdout));
  },
});

Deno.test("close() restores what can be restored, and does not throw where the terminal is gone", () => {
  const tried: string[] = [];
  let isGone = false;
  const write = (text: string) => {
    if (isGone) tried.push(text);
    if (isGone) throw new Error("Input/output error");
  };
  const keyboard = {
    enter: () => {},
    leave: () => {
      tried.push("keyboard");
      throw new Error("Input/output error");
    },
  };
  const screen = new Screen({ size: () => ({ columns: 80, rows: 24 }), write }, keyboard);
  isGone = true;
  screen.close();
  assert.equal(tried[0], "keyboard");
  assert.ok(tried[1]?.endsWith(leaving));
});

Deno.test("a terminal that takes a part of what is drawn, or nothing for now, gets all of it", () => {
  const { stdout } = Deno;
  const decoder = new TextDecoder();
  let taken = "";
  let isBusy = false;
  const writeSync = (bytes: Uint8Array) => {
    isBusy = !isBusy;
    if (isBusy) throw new Deno.errors.WouldBlock("Resource temporarily unavailable");
    taken += decoder.decode(bytes.subarray(0, 5));
    return Math.min(5, bytes.length);
  };
  Object.defineProperty(stdout, "writeSync", { value: writeSync, configurable: true });
  try {
    const screen = new Screen();
    screen.draw(["what is shown"]);
    screen.close();
  } finally {
    Reflect.deleteProperty(stdout, "writeSync");
  }
  assert.ok(taken.startsWith(entering) && taken.includes("what is shown"), JSON.stringify(taken));
  assert.ok(taken.endsWith(leaving), JSON.stringify(taken));
});
