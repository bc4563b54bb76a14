import assert from "node:assert/strict";
import type { WorkerPoolOptions } from "../../../src/workers/pool/pool.ts";
import type { Outcome } from "../../../src/workers/process/receiver.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { slowClock } from "../../support/slow_clock.ts";
import { type PoolHarness, withPool } from "../fixtures/harness.ts";

/** Calls that tell in a file that they ran. */
class Notes {
  readonly #harness: PoolHarness;
  readonly #path: string;
  #lastId = 0;

  constructor(harness: PoolHarness, path: string) {
    this.#harness = harness;
    this.#path = path;
  }

  submit(count: number): Promise<Outcome>[] {
    return Array.from(
      { length: count },
      () => this.#harness.submit("note", [this.#path, ++this.#lastId]).outcome,
    );
  }

  /** Has the worker learn that these calls are short. Resolves with how they ended. */
  async warmUp(): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let round = 0; round < 8; round++) outcomes.push(...await Promise.all(this.submit(32)));
    return outcomes;
  }

  /** Checks that no call ran twice, and that all have run but for so many. */
  async check(missingMax = 0): Promise<void> {
    const ids = (await Deno.readTextFile(this.#path)).trimEnd().split("\n");
    assert.equal(new Set(ids).size, ids.length, "one ran twice");
    assert.ok(ids.length >= this.#lastId - missingMax, `${ids.length} of ${this.#lastId} ran`);
  }
}

function nameOf(outcome: Outcome): string {
  return "error" in outcome ? outcome.error.name : "answered";
}

async function withNotes(
  test: (harness: PoolHarness, notes: Notes) => Promise<void>,
  options: Partial<WorkerPoolOptions> = {},
) {
  const path = await Deno.makeTempFile();
  try {
    await withPool(options, async (harness) => {
      const notes = new Notes(harness, path);
      await notes.warmUp();
      await test(harness, notes);
    });
  } finally {
    await Deno.remove(path);
  }
}

function assertAnswered(outcomes: readonly Outcome[]): void {
  assert.deepEqual(new Set(outcomes.map(nameOf)), new Set(["answered"]));
}

Deno.test("short calls before a long one are answered while it runs", async () => {
  await withNotes(async (harness, notes) => {
    const before = notes.submit(20);
    const { outcome, handle } = harness.submit("spin");
    const after = notes.submit(20);
    assertAnswered(await Promise.all(before));
    handle.cancel();
    assert.equal(nameOf(await outcome), "Cancelled");
    assertAnswered(await Promise.all(after));
    await notes.check();
  });
});

Deno.test("a call that overruns its deadline costs no answer of the short ones beside it", async () => {
  await withNotes(async (harness, notes) => {
    const before = notes.submit(20);
    const { outcome } = harness.submit("spin", [], { timeoutMs: 100 });
    const after = notes.submit(20);
    assert.equal(nameOf(await outcome), "DeadlineExceeded");
    assertAnswered(await Promise.all([...before, ...after]));
    await notes.check();
    // A worker to which a busy machine gives no time for a second would be replaced.
  }, { clock: slowClock(20) });
});

Deno.test("a call that ends its worker costs no answer of the short ones before it", async () => {
  await withNotes(async (harness, notes) => {
    for (let round = 0; round < 3; round++) {
      const before = notes.submit(20);
      const { outcome } = harness.submit("exit");
      const after = notes.submit(20);
      assert.equal(nameOf(await outcome), "WorkerLost");
      assertAnswered(await Promise.all([...before, ...after]));
      await notes.warmUp();
    }
    await notes.check();
  });
});

Deno.test("a worker that is killed at any moment loses the call that it runs at most, and none runs twice", async () => {
  const random = seededRandom(1);
  const kills = 4;
  await withNotes(async (harness, notes) => {
    let lost = 0;
    for (let round = 0; round < kills; round++) {
      const pid = await harness.call("pid") as number;
      const calls = notes.submit(64);
      await calls[Math.floor(random() * calls.length)];
      Deno.kill(pid, "SIGKILL");
      // The dead worker may have been given some of the later ones, too.
      const outcomes = [...await Promise.all(calls), ...await notes.warmUp()];
      const failures = outcomes.filter((outcome) => "error" in outcome);
      assert.ok(failures.length <= 1, `${failures.length} were lost`);
      assert.deepEqual(failures.map(nameOf), failures.map(() => "WorkerLost"));
      lost += failures.length;
    }
    await notes.check(lost);
  });
});
