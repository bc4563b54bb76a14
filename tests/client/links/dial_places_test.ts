import assert from "node:assert/strict";
import {
  dialsMax,
  handlesGrowMs,
  handlesReturnMs,
  handlesSpare,
} from "../../../src/client/endpoints/limits.ts";
import { type Dialer, DialPlaces } from "../../../src/client/links/dial_places.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { RecordingLogger } from "../../discovery/recorder.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

/** One that does nothing by itself. */
class FakeDialer implements Dialer {
  readonly patienceMs = 400;
  readonly #places: DialPlaces;
  isTried = false;
  turns = 0;

  constructor(places: DialPlaces) {
    this.#places = places;
  }

  begin(): void {
    this.isTried = true;
    this.turns++;
  }

  takeBack(): void {
    this.isTried = false;
  }

  giveUp(): void {
    this.isTried = false;
    this.#places.leave(this);
  }

  findsNoHandle(): void {
    this.isTried = false;
    this.#places.outOfHandles(this);
  }
}

function placesFor(count: number) {
  const clock = new VirtualClock();
  const log = new RecordingLogger();
  const transport = new MemoryTransport();
  const places = new DialPlaces({ clock, log, transport, random: () => 0 });
  const dialers = Array.from({ length: count }, () => new FakeDialer(places));
  for (const dialer of dialers) places.enter(dialer);
  return { clock, log, places, dialers, tried: () => dialers.filter(({ isTried }) => isTried) };
}

Deno.test("whoever finds room begins at once, and the rest in turn as places get free", () => {
  const { places, dialers, tried } = placesFor(dialsMax + 2);
  assert.equal(tried().length, dialsMax);
  assert.ok(places.isShort);
  places.connected(dialers[0] as FakeDialer);
  places.leave(dialers[1] as FakeDialer);
  places.leave(dialers[1] as FakeDialer);
  assert.equal(dialers.at(-1)?.turns, 1);
  assert.ok(!places.isShort);
});

Deno.test("who finds no handle waits, and the newest give theirs back to the rest of the process", () => {
  const { log, places, dialers, tried } = placesFor(60);
  // As the system does it with forty handles: in the order of the attempts.
  for (const dialer of dialers.slice(40)) if (dialer.isTried) dialer.findsNoHandle();
  const count = tried().length;
  assert.ok(count >= 40 - handlesSpare && count < 40, `${count} are tried`);
  assert.deepEqual(tried(), dialers.slice(0, count));
  assert.equal(log.warnings.length, 1);
  for (const dialer of tried()) places.connected(dialer);
  assert.equal(tried().length, count, "connections keep their handles");
  assert.ok(!places.areMoving);
});

Deno.test("an attempt that hears nothing gives way to others once its patience is over", () => {
  const { clock, places, dialers, tried } = placesFor(dialsMax + 10);
  clock.advance(399);
  places.tick();
  assert.equal(dialers.at(-1)?.turns, 0);
  clock.advance(1);
  places.tick();
  clock.advance(handlesReturnMs);
  // The oldest made room, and no more than had to.
  assert.deepEqual(tried(), dialers.slice(10));
  clock.advance(10_000);
  places.tick();
  assert.deepEqual(tried(), dialers.slice(10), "nobody waits, so nobody has to give way");
});

Deno.test("more handles than before are found, sooner and sooner", () => {
  const { clock, places, dialers, tried } = placesFor(500);
  for (const dialer of dialers.slice(20)) if (dialer.isTried) dialer.findsNoHandle();
  for (const dialer of tried()) places.connected(dialer);
  const counts: number[] = [];
  while (places.isShort) {
    clock.advance(handlesGrowMs);
    places.tick();
    counts.push(tried().length);
    for (const dialer of tried()) places.connected(dialer);
    assert.ok(counts.length < 10, counts.join());
  }
  assert.equal(counts.at(-1), 500);
});

Deno.test("where others have all handles, one is tried at each tick and never in between", () => {
  const { clock, places, dialers, tried } = placesFor(3);
  const fail = () => {
    for (const dialer of dialers) if (dialer.isTried) dialer.findsNoHandle();
  };
  const turns = () => dialers.reduce((sum, dialer) => sum + dialer.turns, 0);
  fail();
  assert.equal(tried().length, 0);
  assert.ok(places.areMoving);
  const before = turns();
  clock.advance(250);
  places.tick();
  assert.equal(turns(), before + 1);
  fail();
  assert.equal(turns(), before + 1);
});

Deno.test("as many are held as the system has handles for, and each that ends makes room for another", () => {
  const clock = new VirtualClock(5_000);
  let handles = 100;
  const held = () => dialers.filter(({ isTried }) => isTried).length;
  const transport = Object.assign(new MemoryTransport(), { handlesLeft: () => handles - held() });
  const log = new RecordingLogger();
  const places = new DialPlaces({ clock, log, transport, random: () => 0 });
  const dialers = Array.from({ length: 300 }, () => new FakeDialer(places));
  const settle = () => {
    for (const dialer of dialers) if (dialer.isTried) places.connected(dialer);
  };
  for (const dialer of dialers) {
    places.enter(dialer);
    if (dialer.isTried) places.connected(dialer);
  }
  assert.equal(held(), handles - handlesSpare);
  assert.ok(places.isOutOfHandles && log.warnings.length === 1);
  dialers[3]!.giveUp();
  assert.equal(held(), handles - handlesSpare);
  settle();
  for (const many of [150, 120]) {
    const before = held();
    handles = many;
    clock.advance(handlesGrowMs);
    places.tick();
    settle();
    assert.equal(held(), Math.max(before, handles - handlesSpare));
  }
  dialers[5]!.giveUp();
  assert.equal(held(), 141, "there are fewer than before");
});

Deno.test("a program that needs handles for others gives connections its part of them", () => {
  const clock = new VirtualClock(5_000);
  const [all, spare] = [48, handlesSpare];
  const held = () => dialers.filter(({ isTried }) => isTried).length;
  const transport = Object.assign(new MemoryTransport(), { handlesLeft: () => all - held() });
  const deps = { clock, log: silentLogger, transport, random: () => 0, handlesShare: 0.5 };
  const places = new DialPlaces(deps);
  const dialers = Array.from({ length: 60 }, () => new FakeDialer(places));
  for (const dialer of dialers) {
    places.enter(dialer);
    if (dialer.isTried) places.connected(dialer);
  }
  assert.equal(held(), (all - spare) / 2);
  clock.advance(handlesGrowMs);
  places.tick();
  assert.equal(held(), (all - spare) / 2);
});
