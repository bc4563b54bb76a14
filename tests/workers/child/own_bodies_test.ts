import assert from "node:assert/strict";
import * as z from "zod";
import { LentBytes } from "../../../src/base/spare_buffers.ts";
import { defineProcedure, type Procedures } from "../../../src/procedures/procedure.ts";
import { BodyFile, newBodyPath } from "../../../src/workers/body_file.ts";
import { OwnBodies } from "../../../src/workers/child/own_bodies.ts";
import { runWorker } from "../../../src/workers/child/worker.ts";
import { remove } from "../../../src/workers/memory_files.ts";
import { waitFor } from "../../support/wait_for.ts";
import { noMemoryFiles } from "../../support/memory_files.ts";
import { skippedIf } from "../../support/skipped_if.ts";

const long = "x".repeat(100_000);

/** Runs `test` with a worker that has a file of bodies, whose input ends afterwards. */
async function withWorker(
  procedures: Procedures,
  test: (worker: { send(...messages: object[]): void; lines(): string[] }) => Promise<void>,
): Promise<void> {
  const path = newBodyPath() as string;
  const file = BodyFile.create(path) as BodyFile;
  let input = new Uint8Array(0);
  let came = Promise.withResolvers<void>();
  let isOver = false;
  let text = "";
  const ended = runWorker(
    procedures,
    {
      async read(buffer) {
        if (input.length === 0) await came.promise;
        came = Promise.withResolvers();
        return isOver ? null : this.readSync(buffer);
      },
      readSync(buffer) {
        const taken = input.subarray(0, buffer.length);
        buffer.set(taken);
        input = input.subarray(taken.length);
        return taken.length;
      },
      writeSync(bytes) {
        text += new TextDecoder().decode(bytes);
        return bytes.length;
      },
      failed: (what) => assert.fail(what),
    },
    undefined,
    new OwnBodies(path),
  );
  const lines = () => text.split("\n").slice(0, -1);
  const send = (...messages: object[]) => {
    const sent = messages.map((one) => `${JSON.stringify({ jsonrpc: "2.0", ...one })}\n`);
    input = new TextEncoder().encode(sent.join(""));
    came.resolve();
  };
  try {
    send({ id: 0, method: "echo", params: [long] });
    await waitFor("the first answer", () => lines().length === 1);
    assert.equal(file.isJoined, true);
    await test({ send, lines });
  } finally {
    isOver = true;
    came.resolve();
    await ended;
    file.close();
    remove(path);
  }
}

const echo = defineProcedure(
  { input: z.tuple([z.string()]), output: z.string(), kind: "io" },
  ([text]) => text,
);

/** Where the bodies of some lines are. */
function placesOf(lines: readonly string[]): number[] {
  return lines.filter(BodyFile.holdsBodyOf).map((line) => Number.parseInt(line.slice(1)));
}

function gated() {
  const gates: (() => void)[] = [];
  const slow = defineProcedure(
    { input: z.tuple([]), output: z.string(), kind: "io" },
    () => new Promise<string>((resolve) => gates.push(() => resolve(long))),
  );
  return { slow, gates };
}

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "bodies are in the file in the order of their lines, since who reads one gives up those before",
  ),
}, async () => {
  const { slow, gates } = gated();
  await withWorker({ slow, echo }, async (worker) => {
    // The answer of the one is on its way for some microtasks when the other one ends.
    for (let microtasks = 0; microtasks < 40; microtasks++) {
      const before = worker.lines().length;
      worker.send({ id: 1, method: "slow" });
      await waitFor("it to begin", () => gates.length === 1);
      gates.pop()?.();
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      worker.send({ id: 2, method: "echo", params: [long.slice(0, 40_000)] });
      await waitFor("both answers", () => worker.lines().length === before + 2);
    }
    const places = placesOf(worker.lines());
    assert.equal(places.length, 81);
    assert.deepEqual(places, places.toSorted((a, b) => a - b));
  });
});

Deno.test(
  { ...skippedIf(noMemoryFiles, "the result of a cancelled call takes no place in the file") },
  async () => {
    const { slow, gates } = gated();
    await withWorker({ slow, echo }, async (worker) => {
      worker.send({ id: 1, method: "slow" });
      await waitFor("it to begin", () => gates.length === 1);
      worker.send({ method: "rpc.cancel", params: { id: 1 } });
      await waitFor("its answer", () => worker.lines().length === 2);
      gates.pop()?.();
      worker.send({ id: 2, method: "echo", params: [long] });
      await waitFor("the next answer", () => worker.lines().length === 3);
      const [first = 0, next = 0] = placesOf(worker.lines());
      assert.ok(next - first < 2 * long.length, `${next}`);
    });
  },
);

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "a worker opens the file once it is there, whatever stayed bytes before",
  ),
}, () => {
  const path = newBodyPath() as string;
  const bodies = new OwnBodies(path);
  for (const bytes of [100, 100_000]) {
    const line = new LentBytes(new Uint8Array(bytes));
    assert.equal(bodies.take(line), line);
  }
  const file = BodyFile.create(path) as BodyFile;
  try {
    bodies.take(new LentBytes(new Uint8Array(100)));
    assert.equal(file.isJoined, false);
    bodies.take(new LentBytes(new Uint8Array(100_000)));
    assert.equal(file.isJoined, true);
  } finally {
    file.close();
    remove(path);
  }
});
