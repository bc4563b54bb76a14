import assert from "node:assert/strict";
import { LongBodies } from "../../../src/workers/process/long_bodies.ts";
import { withPool, workerCommand } from "../fixtures/harness.ts";

const ours = { ...workerCommand(), readsAsWeDo: true };
const ignore = Deno.build.os !== "linux";

/** Whose bodies are in a file from the second on. */
const values = [
  ...["x".repeat(900_000), "é\n".repeat(100_000), Array.from({ length: 50_000 }, (_, i) => i)],
  ...["y".repeat(3_000_000), "short", "z".repeat(40_000)],
];

Deno.test({
  name: "long values go to a worker and back by a file that has no name any more",
  ignore,
}, async () => {
  await withPool({ command: ours }, async (harness) => {
    assert.deepEqual(await harness.call("bodies"), []);
    for (const value of values) assert.deepEqual(await harness.call("echo", [[value]]), [value]);
    const together = await Promise.all(values.map((value) => harness.call("echo", [[value]])));
    assert.deepEqual(together, values.map((value) => [value]));
    const [file, ...others] = await harness.call("bodies") as string[];
    assert.match(file ?? "", /^\/dev\/shm\/rpc-bodies-.* \(deleted\)$/);
    assert.deepEqual(others, []);
  });
});

Deno.test(
  { name: "a worker that may not open the file gets long values by its pipe", ignore },
  async () => {
    const [run = "", , ...rest] = ours.args;
    const args = [
      run,
      "--no-prompt",
      "--allow-env",
      "--allow-read",
      "--allow-sys",
      "--allow-run",
      ...rest,
    ];
    await withPool({ command: { ...ours, args } }, async (harness) => {
      for (const value of values) assert.deepEqual(await harness.call("echo", [[value]]), [value]);
    });
  },
);

Deno.test({
  name: "a worker that ends between long values is followed by one with a file of its own",
  ignore,
}, async () => {
  await withPool({ command: ours }, async (harness) => {
    for (const value of values) await harness.call("echo", [[value]]);
    const [first] = await harness.call("bodies") as string[];
    assert.equal((await harness.failure("exit")).name, "WorkerLost");
    for (const value of values) assert.deepEqual(await harness.call("echo", [[value]]), [value]);
    const [second] = await harness.call("bodies") as string[];
    assert.ok(first !== undefined && second !== undefined && first !== second);
  });
});

Deno.test(
  { name: "the name of a file that no worker has opened goes with its worker", ignore },
  () => {
    const bodies = new LongBodies();
    const line = { head: "{", body: "x".repeat(100_000), tail: "}\n", length: 100_003 };
    try {
      assert.equal(bodies.put("short\n"), "short\n");
      assert.throws(() => Deno.statSync(bodies.path as string), Deno.errors.NotFound);
      for (let i = 0; i < 3; i++) assert.equal(bodies.put(line), line);
      Deno.statSync(bodies.path as string);
    } finally {
      bodies.close();
    }
    assert.throws(() => Deno.statSync(bodies.path as string), Deno.errors.NotFound);
    assert.equal(bodies.put(line), line);
  },
);
