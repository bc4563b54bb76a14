import assert from "node:assert/strict";
import { LentBytes } from "../../../src/base/spare_buffers.ts";
import { BodyFile } from "../../../src/workers/body_file.ts";
import { bodyBytesApart, bodyRingBytes } from "../../../src/workers/limits.ts";
import { LongBodies } from "../../../src/workers/process/long_bodies.ts";
import { withPool, workerCommand } from "../fixtures/harness.ts";
import { noMemoryFiles } from "../../support/memory_files.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const ours = { ...workerCommand(), readsAsWeDo: true };
/** Whose bodies are in a file from the second on. */
const values = [
  ...["x".repeat(900_000), "é\n".repeat(100_000), Array.from({ length: 50_000 }, (_, i) => i)],
  ...["y".repeat(3_000_000), "short", "z".repeat(40_000)],
];

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "long values go to a worker and back by a file that has no name any more",
  ),
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
  {
    ...skippedIf(noMemoryFiles, "a long line behind garbage is nobody's when its worker has gone"),
  },
  async () => {
    await withPool({ command: ours }, async (harness) => {
      await harness.call("echo", [["x".repeat(bodyBytesApart)]]);
      const gone = Promise.withResolvers<void>();
      const { read } = Deno.FsFile.prototype;
      Deno.FsFile.prototype.read = async function (bytes) {
        await gone.promise;
        return await read.call(this, bytes);
      };
      try {
        const lost = await harness.failure("garbage_before_long", [bodyBytesApart]);
        assert.match(lost.message, /broke the protocol/);
      } finally {
        Deno.FsFile.prototype.read = read;
      }
      // A rejection for which nobody waits would end the server.
      gone.resolve();
      assert.equal(await harness.call("fib", [5]), 5);
    });
  },
);

Deno.test(
  {
    ...skippedIf(noMemoryFiles, "a worker that may not open the file gets long values by its pipe"),
  },
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
  ...skippedIf(
    noMemoryFiles,
    "a worker that ends between long values is followed by one with a file of its own",
  ),
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
  {
    ...skippedIf(
      noMemoryFiles,
      "the name of a file that no worker has opened goes with its worker",
    ),
  },
  () => {
    const bodies = new LongBodies();
    const line = { head: "{", body: "x".repeat(100_000), tail: "}\n", length: 100_003 };
    try {
      const short = { head: "{", body: "x", tail: "}\n", length: 4 };
      assert.equal(bodies.put(short), short);
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

/** Whether a line is its brackets and so many bytes of a value. */
function isFilled(line: Uint8Array, length: number, value: number): boolean {
  return line.length === length + 2 && line.subarray(1, -1).every((byte) => byte === value);
}

Deno.test(
  {
    ...skippedIf(
      noMemoryFiles,
      "very long bodies are copied while the server goes on, and arrive whole, or not at all",
    ),
  },
  async () => {
    const bodies = new LongBodies();
    const lineOf = (length: number, value: number) => ({
      head: "{",
      body: new LentBytes(new Uint8Array(length).fill(value)),
      tail: "}\n",
      length: length + 3,
    });
    bodies.put(lineOf(bodyBytesApart, 1));
    const worker = BodyFile.join(bodies.path as string) as BodyFile;
    try {
      assert.equal(typeof bodies.put(lineOf(bodyBytesApart - 1, 1)), "string");
      for (const length of [bodyBytesApart, 2 * bodyBytesApart + 1]) {
        const putting = bodies.put(lineOf(length, 2));
        assert.ok(putting instanceof Promise);
        const put = await putting as string;
        const { bytes } = worker.take(put.trimEnd());
        assert.ok(isFilled(bytes, length, 2));
        const back = worker.put(lineOf(length, 3)) as string;
        const taking = bodies.take(back.trimEnd(), bodyRingBytes);
        assert.ok(taking instanceof Promise);
        const taken = await taking as LentBytes;
        assert.ok(isFilled(taken.bytes, length, 3));
        await assert.rejects(async () => await bodies.take(back.trimEnd(), length));
      }
      const line = lineOf(bodyRingBytes + 1, 4);
      assert.equal(await bodies.put(line), line);
      // The worker ends meanwhile.
      const last = lineOf(bodyBytesApart, 5);
      const putting = bodies.put(last);
      bodies.close();
      await putting;
    } finally {
      worker.close();
      bodies.close();
    }
  },
);
