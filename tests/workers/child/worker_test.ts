import assert from "node:assert/strict";
import * as z from "zod";
import { builtin } from "../../../src/procedures/builtin.ts";
import { defineProcedure, type Procedures } from "../../../src/procedures/procedure.ts";
import { describeFailure } from "../../../src/workers/child/failure.ts";
import { ClaimFile, claimFileVariable, Claims } from "../../../src/workers/claim_file.ts";
import { runWorker } from "../../../src/workers/child/worker.ts";
import type { WorkerIo } from "../../../src/workers/child/worker_stdio.ts";
import { waitFor } from "../../support/wait_for.ts";
import { noMemoryFiles } from "../../support/memory_files.ts";
import { skippedIf } from "../../support/skipped_if.ts";

/** A worker in this process: lines in, what it wrote out. */
class InMemoryWorker implements WorkerIo {
  readonly written: string[] = [];
  readonly warnings: string[] = [];
  readonly ended: Promise<void>;
  #input: Uint8Array[] = [];
  #wake = Promise.withResolvers<void>();
  #isEnded = false;
  #text = "";

  readonly #bytesAtOnce: number;

  /** @param bytesAtOnce the most that it writes at a time */
  constructor(procedures: Procedures, bytesAtOnce = 7, claims?: Claims) {
    this.#bytesAtOnce = bytesAtOnce;
    this.ended = runWorker(procedures, this, claims);
  }

  send(...messages: unknown[]): void {
    const lines = messages.map((message) =>
      typeof message === "string"
        ? message
        : JSON.stringify({ jsonrpc: "2.0", ...message as object })
    );
    this.#input.push(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
    this.#wake.resolve();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake.resolve();
  }

  get hasInput(): boolean {
    return this.#input.length > 0;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#input.length === 0) {
      if (this.#isEnded) return null;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
    return this.readSync(buffer);
  }

  readSync(buffer: Uint8Array): number | null {
    const [next] = this.#input as [Uint8Array];
    const taken = next.subarray(0, buffer.length);
    buffer.set(taken);
    if (taken.length < next.length) this.#input[0] = next.subarray(taken.length);
    else this.#input.shift();
    return taken.length;
  }

  writeSync(bytes: Uint8Array): number {
    const some = bytes.subarray(0, this.#bytesAtOnce);
    const pieces = (this.#text + new TextDecoder().decode(some)).split("\n");
    this.#text = pieces.pop() ?? "";
    this.written.push(...pieces);
    return some.length;
  }

  failed(what: string, thrown: unknown): void {
    const { message, stack } = describeFailure(what, thrown);
    this.warnings.push([message, ...stack].join("\n"));
  }

  /** The answers so far, by their ids, in the order in which they were written. */
  answers(): [unknown, unknown][] {
    return this.written.map((line) => {
      const { id, result, error } = JSON.parse(line);
      return [id, error === undefined ? result : [error.code, error.data.executed]];
    });
  }
}

/** Runs `test` with a worker, whose input ends afterwards. */
async function withWorker(
  procedures: Procedures,
  test: (worker: InMemoryWorker) => Promise<void>,
): Promise<void> {
  const worker = new InMemoryWorker(procedures);
  try {
    await test(worker);
  } finally {
    worker.end();
    await worker.ended;
  }
}

function gated(kind: "cpu" | "io") {
  const gates: (() => void)[] = [];
  const aborted: number[] = [];
  const procedure = defineProcedure(
    { input: z.tuple([z.number()]), output: z.number(), kind },
    ([n], { signal }) =>
      new Promise<number>((resolve) => {
        gates.push(() => resolve(n));
        signal.addEventListener("abort", () => void aborted.push(n));
      }),
  );
  return { procedure, gates, aborted };
}

Deno.test("a worker answers what its parent asks, on lines", async () => {
  await withWorker(builtin, async (worker) => {
    worker.send({ id: 1, method: "rpc.ping" }, { id: 2, method: "fib", params: [10] });
    worker.send({ id: "x", method: "rpc.discover" }, { id: 3, method: "no" }, "nonsense", "[]");
    worker.send('[{"jsonrpc":"2.0","id":4,"method":"ping"}]', { method: "ping" });
    await waitFor("seven answers", () => worker.written.length >= 7);
    const answers = new Map(worker.answers());
    assert.equal(answers.get(1), "pong");
    assert.equal(answers.get(2), 55);
    assert.deepEqual(answers.get(3), [-32601, "no"]);
    const refused = worker.answers().filter(([id]) => id === null).map(([, error]) => error);
    assert.deepEqual(refused, [[-32700, "no"], [-32600, "no"], [-32600, "no"]]);
  });
});

Deno.test("a worker runs cpu calls one at a time, in order, each answered before the next begins", async () => {
  const seen: string[] = [];
  const { procedure: slow, gates } = gated("cpu");
  const quick = defineProcedure({ input: z.tuple([]), output: z.number() }, () => {
    seen.push(`begun after ${worker?.written.length}`);
    return 0;
  });
  let worker: InMemoryWorker | undefined;
  await withWorker({ slow, quick }, async (started) => {
    worker = started;
    const calls = [1, 3].map((id) => [{ id, method: "slow", params: [id] }]).flat();
    started.send({ id: 0, method: "quick" }, calls[0], { id: 2, method: "quick" }, calls[1]);
    await waitFor("the first to begin", () => gates.length === 1);
    assert.deepEqual(started.answers().map(([id]) => id), [0]);
    gates[0]?.();
    await waitFor("the second to begin", () => gates.length === 2);
    assert.deepEqual(started.answers().map(([id]) => id), [0, 1, 2]);
    gates[1]?.();
    await waitFor("the last answer", () => started.written.length === 4);
    assert.deepEqual(seen, ["begun after 0", "begun after 2"]);
  });
});

Deno.test("what a worker answers at once never lands inside of a long answer", async () => {
  const gates: (() => void)[] = [];
  const long = defineProcedure(
    { input: z.tuple([]), output: z.string(), kind: "io" },
    () => new Promise<string>((resolve) => gates.push(() => resolve("x".repeat(300_000)))),
  );
  // The answer is written some microtasks after the call has ended, and in three parts.
  for (let microtasks = 0; microtasks < 30; microtasks++) {
    gates.length = 0;
    const worker = new InMemoryWorker({ long }, Infinity);
    worker.send({ id: 1, method: "long" }, { id: 2, method: "long" });
    await waitFor("both to begin", () => gates.length === 2);
    gates[0]?.();
    for (let i = 0; i < microtasks; i++) await Promise.resolve();
    worker.send({ method: "rpc.cancel", params: { id: 2 } }, "nonsense");
    await waitFor("the answers", () => worker.written.length >= 3);
    assert.deepEqual(worker.answers().map(([id]) => id).sort(), [1, 2, null]);
    worker.end();
    await worker.ended;
  }
});

Deno.test("a worker runs io calls at once, and answers in the order in which they end", async () => {
  const { procedure: slow, gates } = gated("io");
  await withWorker({ slow }, async (worker) => {
    worker.send(...[1, 2, 3].map((id) => ({ id, method: "slow", params: [id] })));
    await waitFor("all to begin", () => gates.length === 3);
    gates[2]?.();
    await waitFor("the last one's answer", () => worker.written.length === 1);
    gates[0]?.();
    gates[1]?.();
    await waitFor("the others' answers", () => worker.written.length === 3);
    assert.deepEqual(worker.answers().map(([id]) => id), [3, 1, 2]);
  });
});

Deno.test("a cancelled io call is answered at once, its signal aborted, its result dropped", async () => {
  const { procedure: slow, gates, aborted } = gated("io");
  await withWorker({ slow }, async (worker) => {
    worker.send({ id: 1, method: "slow", params: [1] });
    await waitFor("it to begin", () => gates.length === 1);
    worker.send({ method: "rpc.cancel", params: { id: 1 } });
    await waitFor("its answer", () => worker.written.length === 1);
    assert.deepEqual(worker.answers(), [[1, [-32004, "maybe"]]]);
    assert.deepEqual(aborted, [1]);
    gates[0]?.();
    worker.send({ id: 2, method: "rpc.ping" });
    await waitFor("the next answer", () => worker.written.length === 2);
    assert.deepEqual(worker.answers()[1], [2, "pong"]);
  });
});

Deno.test("an io call that returns at once is answered with that, also if a cancellation comes with it", async () => {
  const worker = new InMemoryWorker({
    same: defineProcedure(
      { input: z.tuple([z.int()]), output: z.int(), kind: "io" },
      ([n]) => n,
    ),
  });
  worker.send(
    { id: 1, method: "same", params: [5] },
    { method: "rpc.cancel", params: { id: 1 } },
    { id: 2, method: "same", params: ["x"] },
  );
  await waitFor("both answers", () => worker.written.length === 2);
  const [done, refused] = worker.written.map((line) => JSON.parse(line));
  assert.deepEqual([done.id, done.result], [1, 5]);
  assert.deepEqual([refused.id, refused.error.data.executed], [2, "no"]);
  worker.end();
  await worker.ended;
});

Deno.test("a cancellation overtakes a cpu call that waits, and asks a running one to stop", async () => {
  const { procedure: slow, gates, aborted } = gated("cpu");
  await withWorker({ slow }, async (worker) => {
    worker.send(
      { id: 1, method: "slow", params: [1] },
      { id: 2, method: "slow", params: [2] },
      { method: "rpc.cancel", params: { id: 2 } },
    );
    await waitFor("the first to begin", () => gates.length === 1);
    assert.deepEqual(worker.answers(), [[2, [-32004, "no"]]]);
    worker.send({ method: "rpc.cancel", params: { id: 1 } }, { method: "rpc.cancel" });
    await waitFor("the signal", () => aborted.length === 1);
    gates[0]?.();
    await waitFor("its answer", () => worker.written.length === 2);
    assert.deepEqual(worker.answers()[1], [1, 1]);
  });
});

Deno.test("a failure is told of, and so is a result that is not JSON", async () => {
  const options = { input: z.tuple([]), output: z.unknown() };
  const procedures = {
    fail: defineProcedure(options, () => {
      throw new Error("no luck");
    }),
    big: defineProcedure(options, () => 10n),
  };
  await withWorker(procedures, async (worker) => {
    worker.send({ id: 1, method: "fail" }, { id: 2, method: "big" });
    await waitFor("both answers", () => worker.written.length === 2);
    assert.deepEqual(worker.answers(), [[1, [-32603, "yes"]], [2, [-32603, "yes"]]]);
    assert.match(worker.warnings[0] ?? "", /^fail failed: Error: no luck\n.*worker_test\.ts/);
  });
});

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "answers of short cpu calls leave together, and each can be read before the next call begins",
  ),
}, async () => {
  const file = ClaimFile.create(["/dev/shm"]);
  assert.ok(file !== undefined);
  Deno.env.set(claimFileVariable, file.path);
  const claims = Claims.join();
  let writes = 0;
  const written = () => worker.written.length;
  const missing: number[] = [];
  const quick = defineProcedure({ input: z.tuple([z.number()]), output: z.number() }, ([n]) => {
    // Whoever looks gets all that were answered, from the pipe or from the file.
    if (written() + file.keptAnswers().length < n) missing.push(n);
    return n;
  });
  const worker = new InMemoryWorker({ quick }, 1_000_000, claims);
  const writeSync = worker.writeSync.bind(worker);
  worker.writeSync = (bytes) => (writes++, writeSync(bytes));
  try {
    const rounds = 20;
    const calls = 16;
    for (let round = 0; round < rounds; round++) {
      const ids = Array.from({ length: calls }, (_, i) => round * calls + i);
      worker.send(...ids.map((id) => ({ id: id + 1, method: "quick", params: [id] })));
      await waitFor("the answers", () => written() === (round + 1) * calls);
    }
    assert.deepEqual(missing, []);
    assert.deepEqual(worker.answers().map(([, n]) => n), [...Array(rounds * calls).keys()]);
    assert.ok(writes < rounds * calls, `${writes} writes`);
  } finally {
    worker.end();
    await worker.ended;
    claims?.close();
    file.close();
  }
});

/** A worker that can block for input, as on Linux. Any other read gives timers their turn. */
class BlockingWorker extends InMemoryWorker {
  reads = 0;
  /** Called whenever it blocks. */
  blocks: () => void = () => {};

  override async read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    await new Promise((resolve) => setTimeout(resolve, 0));
    return await super.read(buffer);
  }

  waitForInput(): boolean {
    this.blocks();
    return this.hasInput;
  }
}

Deno.test("a worker whose calls have ended reads the next ones by itself, and timers have turns", async () => {
  const calls = 100;
  let called = 0;
  let timeAt = 0;
  const next = defineProcedure({ input: z.tuple([]), output: z.null(), kind: "io" }, () => {
    if (called++ === 0) setTimeout(() => timeAt = called, 0);
    if (called < calls) worker.send({ id: called, method: "next" });
    return null;
  });
  const worker = new BlockingWorker({ next });
  try {
    worker.send({ id: 0, method: "next" });
    await waitFor("the answers", () => worker.written.length === calls);
    assert.ok(worker.reads < calls / 4, `${worker.reads} reads`);
    assert.ok(timeAt > 0 && timeAt <= calls / 2, `the timer rang after ${timeAt}`);
  } finally {
    worker.end();
    await worker.ended;
  }
});

Deno.test("a worker of calls of some milliseconds, of which each has come before the last one ends, reads all by itself, and timers have turns", async () => {
  // Two turns are due before the last call, however long a call takes on a slow machine.
  const callMs = 10;
  const calls = 14;
  let called = 0;
  let timeAt = 0;
  const spin = defineProcedure({ input: z.tuple([]), output: z.null() }, () => {
    if (called++ === 0) setTimeout(() => timeAt = called, 0);
    if (called < calls) worker.send({ id: called, method: "spin" });
    for (const endMs = performance.now() + callMs; performance.now() < endMs;);
    return null;
  });
  const worker = new BlockingWorker({ spin });
  try {
    worker.send({ id: 0, method: "spin" });
    await waitFor("the answers", () => worker.written.length === calls);
    // The first call, and none after the last one.
    assert.ok(worker.reads <= 2, `${worker.reads} reads`);
    assert.ok(timeAt > 0 && timeAt < calls, `the timer rang after ${timeAt}`);
  } finally {
    worker.end();
    await worker.ended;
  }
});

Deno.test("a worker blocks for no input while a call is under way, or an answer is not written", async () => {
  const { procedure: slow, gates } = gated("io");
  const { procedure: long, gates: longGates } = gated("cpu");
  const worker = new BlockingWorker({ slow, long, ...builtin });
  let blocked = 0;
  let answered = 0;
  worker.blocks = () => {
    blocked++;
    assert.equal(gates.length + longGates.length, 0, "a call is under way");
    assert.equal(worker.written.length, answered, "an answer is kept back");
  };
  try {
    for (const method of ["slow", "long"]) {
      worker.send({ id: 1, method: "ping" });
      answered = worker.written.length + 1;
      await waitFor("an answer", () => worker.written.length === answered);
      worker.send({ id: 2, method, params: [1] });
      await waitFor("the call", () => gates.length + longGates.length === 1);
      worker.send({ id: 3, method: "rpc.more", params: { id: 9, n: 1 } });
      await waitFor("the input to be read", () => !worker.hasInput);
      answered++;
      for (const end of [...gates.splice(0), ...longGates.splice(0)]) end();
      await waitFor("its answer", () => worker.written.length === answered);
    }
    assert.ok(blocked > 0);
  } finally {
    worker.end();
    await worker.ended;
  }
});
