import assert from "node:assert/strict";
import { turnLeadMs, turnOwedFromMs, turnsAheadMax } from "../../../src/server/turns/limits.ts";
import { Turn } from "../../../src/server/turns/turn.ts";
import { Turns } from "../../../src/server/turns/turns.ts";
import type { Work } from "../../../src/server/turns/waiting.ts";
import * as fc from "../../support/fast_check.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** One who always wants more: in each turn it works for so long, and cannot be interrupted. */
interface Greedy {
  readonly work: Exclude<Work, "held">;
  readonly pieceMs: number;
  readonly connections: number;
}

/** Everything that a caller does at once. */
type Works = readonly Greedy[];

/** What one kind of work of a caller had. */
interface Had {
  readonly greedy: Greedy;
  turns: number;
  ms: number;
  /** When it last had a turn, in turns of its side, and the most that passed between two. */
  last: number;
  most: number;
}

/** What a change of turns takes. */
const changeMs = 0.05;

/**
 * Runs callers on a simulated event loop, where timers wait for the piece that is being worked on.
 *
 * @param hasLight whether somebody sends a short call between all turns, too
 */
async function simulate(
  callers: readonly Works[],
  { turnsMax, hasLight }: { turnsMax: number; hasLight: boolean },
): Promise<{ had: Had[][]; totalMs: number }> {
  const clock = new VirtualClock();
  const pauses: (() => void)[] = [];
  const turns = new Turns(clock, () => false, (callback) => void pauses.push(callback));
  const count = { short: 0, long: 0 };
  let busyMs = 0;
  const connection = async (caller: object, had: Had) => {
    const { work, pieceMs } = had.greedy;
    const side = sideOf(work);
    while (true) {
      await turns.next(caller, work);
      const turn = ++count[side];
      had.most = Math.max(had.most, turn - had.last);
      had.last = turn;
      had.turns++;
      had.ms += pieceMs;
      busyMs += pieceMs;
      turns.spend(pieceMs, side);
    }
  };
  const had = callers.map((works) => {
    const caller = {};
    return works.map((greedy) => {
      const had: Had = { greedy, turns: 0, ms: 0, last: 0, most: 0 };
      for (let i = 0; i < greedy.connections; i++) void connection(caller, had);
      return had;
    });
  });
  while (count.short + count.long < turnsMax) {
    const next = pauses.shift();
    const idleMs = next === undefined ? (clock.nextDueMs ?? 0) - clock.now() : 0;
    clock.advance(Math.max(0, idleMs) + (next === undefined ? 0 : changeMs) + busyMs);
    busyMs = 0;
    if (hasLight) new Turn(turns, {}).begin(50);
    next?.();
    for (let i = 0; i < 4; i++) await Promise.resolve();
  }
  return { had, totalMs: clock.now() };
}

function sideOf(work: Work): "short" | "long" {
  return work === "short" ? "short" : "long";
}

const greedy = fc.record({
  work: fc.constantFrom("short", "begun", "long", "any"),
  pieceMs: fc.oneof(
    fc.constantFrom(0.02, 0.2, 0.5, 16),
    fc.double({ min: 0.01, max: 40, noNaN: true }),
  ),
  connections: fc.integer({ min: 1, max: 4 }),
}) as fc.Arbitrary<Greedy>;

const works = fc.uniqueArray(greedy, { minLength: 1, maxLength: 3, selector: ({ work }) => work });

const mixes = fc.array(works, { minLength: 1, maxLength: 5 });

Deno.test("both sides have half of the time, whatever their pieces take and whoever else asks", async () => {
  await fc.assert(
    fc.asyncProperty(mixes, fc.boolean(), async (callers, hasLight) => {
      const { had } = await simulate(callers, { turnsMax: 2_000, hasLight });
      const all = had.flat();
      const of = (side: string) => all.filter(({ greedy }) => sideOf(greedy.work) === side);
      const longest = (side: string) => Math.max(...of(side).map(({ greedy }) => greedy.pieceMs));
      const tookMs = (side: string) => of(side).reduce((sum, { ms }) => sum + ms, 0);
      if (of("short").length === 0 || of("long").length === 0) return;
      const leadMs = tookMs("short") - tookMs("long");
      assert.ok(leadMs <= turnLeadMs + longest("short") + 1e-6, `short lead by ${leadMs} ms`);
      assert.ok(leadMs >= -longest("long") - 1e-6, `long lead by ${-leadMs} ms`);
    }),
    { numRuns: 60 },
  );
});

Deno.test("no work of any caller waits for more than some rounds of its side", async () => {
  await fc.assert(
    fc.asyncProperty(mixes, fc.boolean(), async (callers, hasLight) => {
      const { had } = await simulate(callers, { turnsMax: 4_000, hasLight });
      for (const { greedy, most } of had.flat()) {
        // It may go without every other turn, and those who have begun go before it.
        const { length } = callers;
        const bound = greedy.work === "short" ? length : 4 * (turnsAheadMax + 1) * length;
        assert.ok(most <= bound, `${greedy.work} waited for ${most} turns of ${bound}`);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("callers of the same work have the same turns, however many connections they have", async () => {
  const connections = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(works, connections, async (works, many) => {
      const callers = many.map((connections) => works.map((work) => ({ ...work, connections })));
      const { had } = await simulate(callers, { turnsMax: 2_000, hasLight: true });
      for (let kind = 0; kind < works.length; kind++) {
        const turns = had.map((works) => works[kind]?.turns ?? 0);
        const spread = Math.max(...turns) - Math.min(...turns);
        assert.ok(spread <= 4, `${works[kind]?.work}: ${turns}`);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("a caller with two kinds of work has no more turns than one of either", async () => {
  const any = { work: "any", pieceMs: 0.1, connections: 1 } as const;
  const long = { ...any, work: "long" } as const;
  const { had } = await simulate([[any, long], [any], [long]], { turnsMax: 3_000, hasLight: true });
  const [both, first, second] = had.map((works) =>
    works.reduce((sum, { turns }) => sum + turns, 0)
  );
  for (const one of [first, second]) assert.ok((both ?? 0) <= (one ?? 0) + 2, JSON.stringify(had));
});

Deno.test("the processor is not idle while both sides want more, whatever one owes to the other", async () => {
  const long = { work: "any", pieceMs: turnOwedFromMs, connections: 1 } as const;
  const short = { work: "short", pieceMs: 0.1, connections: 2 } as const;
  const turnsMax = 5_000;
  const { had, totalMs } = await simulate([[long], [short]], { turnsMax, hasLight: true });
  const ms = had.flat().reduce((sum, { ms }) => sum + ms, 0);
  // There are two changes after a turn at most.
  const mostMs = ms + turnsMax * 2 * changeMs;
  assert.ok(totalMs <= mostMs, `${totalMs} ms for ${ms} ms of work`);
});
