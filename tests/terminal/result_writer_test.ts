import assert from "node:assert/strict";
import { type ResultOutput, ResultWriter } from "../../src/terminal/result_writer.ts";

/** An output that takes some bytes, and then fails. */
class Output implements ResultOutput {
  text = "";
  readonly #room: number;
  readonly #error: Error;
  readonly #isFile: boolean;

  constructor(room = Infinity, error = new Error("No space left"), isFile = true) {
    this.#room = room;
    this.#error = error;
    this.#isFile = isFile;
  }

  size(): number | undefined {
    return this.#isFile ? this.text.length : undefined;
  }

  write(bytes: Uint8Array): Promise<number> {
    const text = new TextDecoder().decode(bytes);
    const taken = text.slice(0, this.#room - this.text.length);
    // A file may take a part of what it then fails at; a pipe takes all or nothing.
    if (this.#isFile || taken === text) this.text += taken;
    return taken === text ? Promise.resolve(bytes.length) : Promise.reject(this.#error);
  }
}

async function written(output: Output, count: number): Promise<ResultWriter<number>> {
  const writer = new ResultWriter<number>({ output });
  for (let i = 1; i <= count; i++) {
    writer.line(`line ${i}`, i);
    await writer.keepingUp();
  }
  await writer.flushed();
  return writer;
}

/** The numbers of the whole lines. */
function numbers(text: string): number[] {
  return text.split("\n").slice(0, -1).map((line) => Number(line.slice("line ".length)));
}

Deno.test("lines are written whole and in order, however many there are", async () => {
  const output = new Output();
  const writer = await written(output, 10_000);
  assert.deepEqual(numbers(output.text), Array.from({ length: 10_000 }, (_, i) => i + 1));
  assert.deepEqual([writer.isOver, writer.unwritten], [false, []]);
});

Deno.test("more than a MiB that waits is too far behind, until it is written", async () => {
  const output = new Output();
  const writer = new ResultWriter<number>({ output });
  const line = "x".repeat(1_000);
  for (let i = 1; i <= 1_000; i++) writer.line(line, i);
  assert.ok(!writer.isBehind);
  for (let i = 1_001; i <= 1_100; i++) writer.line(line, i);
  assert.ok(writer.isBehind);
  await writer.flushed();
  assert.ok(!writer.isBehind);
  assert.equal(output.text, `${line}\n`.repeat(1_100));
});

Deno.test("a reader that takes nothing is given up when it is asked for, and one that is slow is not", async () => {
  const never = Promise.withResolvers<number>().promise;
  const stuck = new ResultWriter<number>({
    output: { size: () => undefined, write: () => never },
  });
  for (let i = 1; i <= 1_000; i++) stuck.line(`line ${i}`, i);
  await stuck.flushedUnlessStuck(1);
  assert.equal(stuck.problem, "Cannot write results: nobody reads them");
  assert.deepEqual(stuck.unwritten, Array.from({ length: 1_000 }, (_, i) => i + 1));
  const blocked = new ResultWriter<number>({
    output: {
      size: () => undefined,
      write: () => Promise.reject(new Deno.errors.WouldBlock("full")),
    },
  });
  blocked.line("line 1", 1);
  await blocked.flushedUnlessStuck(1);
  assert.deepEqual([blocked.isOver, blocked.unwritten], [true, [1]]);
  let taken = 0;
  const slow = new ResultWriter<number>({
    output: {
      size: () => undefined,
      write: () => new Promise((resolve) => setTimeout(() => resolve(++taken / taken), 1)),
    },
  });
  slow.line("x".repeat(50), 1);
  await slow.flushedUnlessStuck(60_000);
  assert.deepEqual([slow.isOver, taken], [false, 51]);
});

Deno.test("of a disk that fills up it is known which lines it has, also where one is cut", async () => {
  for (const room of [0, 1, 6, 7, 8, 5_000, 5_001, 5_002, 20_000]) {
    const output = new Output(room);
    const writer = await written(output, 5_000);
    assert.match(writer.problem ?? "", /^Cannot write results: No space left/);
    const all = [...numbers(output.text), ...writer.unwritten];
    assert.deepEqual(all, Array.from({ length: 5_000 }, (_, i) => i + 1), `room ${room}`);
  }
});

Deno.test("a reader that has gone is no problem, and what it did not get is known", async () => {
  const output = new Output(9_000, new Deno.errors.BrokenPipe("Broken pipe"), false);
  const writer = await written(output, 5_000);
  assert.deepEqual([writer.isBroken, writer.problem], [true, undefined]);
  writer.line("line 5001", 5_001);
  const all = [...numbers(output.text), ...writer.unwritten];
  assert.deepEqual(all, Array.from({ length: 5_001 }, (_, i) => i + 1));
});
