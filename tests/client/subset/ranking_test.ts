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

/** The fields of a server on a host of its own. */
function hostOf(index: number) {
  return { host: `10.0.${index >> 8}.${index & 255}`, port: 4_000 };
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

Deno.test("servers of one port are told apart by their hosts", () => {
  const hosts = many.map((instance, index) => ({ ...instance, ...hostOf(index) }));
  const firstHosts = seeds(100).map((seed) => {
    const ranking = new Ranking(seed);
    ranking.rank(hosts, 1);
    return ranking.first[0]!.instance.host;
  });
  assert.ok(
    new Set(firstHosts).size > 60,
    `${new Set(firstHosts).size} of 100 clients' first ones`,
  );
});

Deno.test("servers of the same rank are in one order, however they came", () => {
  // Their hashes are the same.
  const one = instanceAt(8_000, { host: "10.0.2.64" });
  const other = instanceAt(8_668, { host: "10.0.4.196" });
  for (const listed of [[one, other], [other, one]]) {
    const ranking = new Ranking(1);
    ranking.rank(listed, 2);
    assert.equal(ranking.first[0]!.rank, ranking.first[1]!.rank);
    assert.deepEqual(ranking.first.map(({ address }) => address), [
      "10.0.2.64:8000",
      "10.0.4.196:8668",
    ]);
    ranking.remove("10.0.2.64:8000");
    ranking.add(one);
    assert.equal(ranking.first[0]!.instance, one);
  }
});

Deno.test("a server that goes is followed by the next one, and no other moves", () => {
  const before = firstOf(3);
  const [gone] = before;
  const after = firstOf(3, many.filter(({ port }) => port !== gone));
  assert.deepEqual(after.slice(0, -1), before.slice(1));
});

Deno.test("servers are chosen as often as the roots of their weights tell", () => {
  const heavy = (port: number) => port <= 40;
  const weighed = many.map((instance) => ({ ...instance, weight: heavy(instance.port) ? 9 : 1 }));
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

Deno.test("only as many are kept as are wanted, and it is known whether these are all", () => {
  const ranking = new Ranking(9);
  for (const [kept, isWhole] of [[299, false], [300, true], [60, false]] as const) {
    ranking.rank(many.slice(0, 300), kept);
    assert.equal(ranking.first.length, kept);
    assert.equal(ranking.isWhole, isWhole);
  }
  // All that rank before the next one.
  const behind = firstOf(9, many.slice(0, 300), 61).at(-1);
  for (const instance of many.slice(300)) {
    const order = firstOf(9, [...many.slice(0, 300), instance], 301);
    const isFirst = order.indexOf(instance.port) < order.indexOf(behind as number);
    assert.equal(ranking.add(instance), isFirst);
    assert.equal(ranking.remove(`127.0.0.1:${instance.port}`), isFirst);
  }
});
