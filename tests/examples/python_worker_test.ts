import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type RpcClient, type RunningServer, serve } from "rpc";
import { noPython, python } from "../support/python.ts";
import { skippedIf } from "../support/skipped_if.ts";

const example = fileURLToPath(import.meta.resolve("../../examples/tasks.py"));

/** Serves a Python program, and hands over a client of it. */
async function withWorkers(
  program: string,
  workers: number,
  test: (client: RpcClient, server: RunningServer) => Promise<void>,
): Promise<void> {
  assert.ok(python !== undefined);
  const directory = await Deno.makeTempDir();
  try {
    const registry = `local:${directory}`;
    await using server = await serve({ exec: [python, program], registry, workers });
    await using client = await connect({ registry, timeoutMs: 120_000 });
    await test(client, server);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test({ ...skippedIf(noPython, "the Python worker answers calls of both forms") }, async () => {
  await withWorkers(example, 1, async (client) => {
    assert.equal(await client.call("count_words", ["one two three"]), 3);
    assert.equal(await client.call("count_words", ["日本 語"]), 2);
    assert.deepEqual(await client.call("primes", { below: 12, first: 5 }), [5, 7, 11]);
    await assert.rejects(client.call("primes"), {
      name: "InvalidParams",
      message: "Cannot call primes: missing a required argument: 'below'",
    });
    await assert.rejects(client.call("count_words", [7]), { name: "InternalError" });
    await assert.rejects(client.call("prime", [7]), /did you mean primes\?/);
  });
});

Deno.test(
  { ...skippedIf(noPython, "a Python call that overruns its deadline is stopped") },
  async () => {
    await withWorkers(example, 1, async (client, server) => {
      // On a busy machine its time may be over before it begins.
      for (let timeoutMs = 200; server.stats().workers.restarts === 0; timeoutMs *= 2) {
        const late = client.call("primes", [100_000_000], { timeoutMs });
        await assert.rejects(late, { name: "DeadlineExceeded" });
        assert.deepEqual(await client.call("primes", [4]), [2, 3]);
      }
      assert.equal(server.stats().workers.restarts, 1);
    });
  },
);

Deno.test({
  ...skippedIf(
    noPython,
    "calls of Python procedures are all answered, though their processes are killed",
  ),
}, async () => {
  const directory = await Deno.makeTempDir();
  try {
    const text = await Deno.readTextFile(example);
    const changed = text.replace(
      `{"count_words"`,
      `{"pid": __import__("os").getpid, "count_words"`,
    );
    assert.notEqual(changed, text);
    const program = join(directory, "tasks.py");
    await Deno.writeTextFile(program, changed);
    await withWorkers(program, 2, async (client, server) => {
      const kills = 3;
      const expected = await client.call("primes", [2_000]);
      let isOver = false;
      let answered = 0;
      const callers = Array.from({ length: 4 }, async () => {
        while (!isOver) {
          assert.deepEqual(await client.call("primes", [2_000]), expected);
          answered++;
        }
      });
      for (let killed = 1; killed <= kills; killed++) {
        const pid = await client.call("pid") as number;
        Deno.kill(pid, "SIGKILL");
        // The next one only when this one was noticed, and its successor has had something to do.
        const before = answered;
        while (server.stats().workers.restarts < killed || answered < before + 20) {
          await client.call("primes", [10]);
        }
      }
      isOver = true;
      await Promise.all(callers);
      assert.equal(server.stats().workers.restarts, kills);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
