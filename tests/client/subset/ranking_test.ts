import assert from "node:assert/strict";
import { Ranking } from "../../../src/client/subset/ranking.ts";
import { instanceAt } from "../../support/fake_discovery.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const many = Array.from({ length: 400 }, (_, index) => instanceAt(index + 1));

function firstOf(seed: number, instances = many, kept = 40): number[] {
  const ranking = new Ranking(seed);
  ranking.rank(instances, kept);
  return ranking.first.map(({ instance }) => instance.port);
}

function seeds(count: number): number[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 32));
}

Deno.test("each client ranks servers in an order of its own, and always in the same", () => {
  assert.equal(firstOf(1).length, 40);
  assert.deepEqual(firstOf(1), firstOf(1, many.toReversed()));
  const both = firstOf(1).filter((port) => firstOf(2).includes(port));
  assert.ok(both.length < 15, `${both.length} of 40 are the first ones of both clients`);
});

Deno.test("a server that goes is followed by the next one, and no other moves", () => {
  const before = firstOf(3);
  const [gone] = before;
  const after = firstOf(3, many.filter(({ port }) => port !== gone));
  assert.deepEqual(after.slice(0, -1), before.slice(1));
});

Deno.test("servers are chosen as often as they weigh", () => {
  const heavy = (port: number) => port <= 40;
  const weighed = many.map((instance) => ({ ...instance, weight: heavy(instance.port) ? 3 : 1 }));
  const chosen = seeds(400).flatMap((seed) => firstOf(seed, weighed, 20));
  const times = chosen.filter(heavy).length / 40 /
    (chosen.filter((one) => !heavy(one)).length / 360);
  assert.ok(times > 2.5 && times < 3.3, `the heavy ones are chosen ${times} times as often`);
});

Deno.test("one that is to be given no calls comes after all others", () => {
  const [first, ...others] = many.slice(0, 10).map((instance) => ({ ...instance }));
  for (const seed of seeds(20)) {
    const ranked = firstOf(seed, [{ ...first!, weight: 0 }, ...others]);
    assert.equal(ranked.at(-1), first!.port);
  }
});

Deno.test("servers that come and go leave the ranking as it would be made anew", () => {
  const random = seededRandom(5);
  const ranking = new Ranking(9);
  let listed = many.slice(0, 300);
  ranking.rank(listed, 60);
  for (const instance of many.slice(300)) {
    const goes = listed[Math.floor(random() * listed.length)]!;
    listed = [...listed.filter((one) => one !== goes), instance];
    ranking.remove(`127.0.0.1:${goes.port}`);
    ranking.add(instance);
    const anew = firstOf(9, listed, 30);
    assert.deepEqual(ranking.first.slice(0, 30).map((one) => one.instance.port), anew);
  }
});
