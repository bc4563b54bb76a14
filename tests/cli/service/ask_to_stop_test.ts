import assert from "node:assert/strict";
import { join } from "node:path";
import { exists } from "../../../src/base/paths.ts";
import { askToStop } from "../../../src/cli/service/ask_to_stop.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

Deno.test("where no server runs that could end, nobody finds later that it should", async () => {
  const directory = await Deno.makeTempDir({ prefix: "rpc_stop_" });
  try {
    const path = join(directory, "rpc.stop");
    const clock = new VirtualClock();
    let isOver = false;
    const asked = askToStop(path, clock).then(() => isOver = true);
    await waitFor("the file", () => exists(path));
    await waitFor("the end of its patience", () => {
      clock.advance(100);
      return isOver;
    });
    await asked;
    assert.ok(clock.now() >= 5_000, String(clock.now()));
    assert.equal(exists(path), false);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
