import assert from "node:assert/strict";
import { connectTimeoutMs, hastyReconnectMs } from "../../../src/base/limits.ts";
import { Dial } from "../../../src/client/links/dial.ts";
import type { Duplex, Transport } from "../../../src/client/transport.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";

/** Attempts that end when the test says so, or with a reason when they are aborted. */
class Attempts implements Transport {
  readonly all: (PromiseWithResolvers<Duplex> & { readonly signal: AbortSignal })[] = [];

  connect(_target: unknown, signal: AbortSignal): Promise<Duplex> {
    const attempt = { ...Promise.withResolvers<Duplex>(), signal };
    signal.addEventListener("abort", () => attempt.reject(new Error("aborted")));
    this.all.push(attempt);
    return attempt.promise;
  }
}

class FakeDuplex implements Duplex {
  closed = 0;
  read = () => Promise.resolve(null);
  write = () => Promise.resolve(0);
  close(): void {
    this.closed++;
  }
}

const target = { host: "127.0.0.1", port: 1 };

function dialing() {
  const attempts = new Attempts();
  const abort = new AbortController();
  const clock = new VirtualClock();
  const dial = new Dial(attempts, target, { clock, patience: clock }, abort.signal);
  const again = () => {
    clock.advance(hastyReconnectMs);
    const may = dial.mayHurry(clock.now());
    if (may) dial.hurry();
    return may;
  };
  return { attempts, abort, clock, dial, again };
}

Deno.test("of two attempts to connect the one that is heard counts, and only the other is given up", async () => {
  for (const winner of [0, 1]) {
    const { attempts, dial, again } = dialing();
    again();
    const duplex = new FakeDuplex();
    attempts.all[winner]?.resolve(duplex);
    assert.equal(await dial.duplex, duplex);
    assert.ok(attempts.all[1 - winner]?.signal.aborted);
    assert.ok(!attempts.all[winner]?.signal.aborted);
    again();
    assert.equal(attempts.all.length, 2, "nothing is tried any more");
    assert.equal(duplex.closed, 0);
  }
});

Deno.test("an attempt that comes too late is closed", async () => {
  const { attempts, dial, again } = dialing();
  again();
  const [one, other] = [new FakeDuplex(), new FakeDuplex()];
  attempts.all[1]?.resolve(one);
  attempts.all[0]?.resolve(other);
  assert.equal(await dial.duplex, one);
  await settled();
  assert.deepEqual([one.closed, other.closed], [0, 1]);
});

Deno.test("there are at most two attempts at a time, and the first of all stays", async () => {
  const { attempts, dial, abort, again } = dialing();
  for (let i = 0; i < 3; i++) again();
  assert.deepEqual(attempts.all.map(({ signal }) => signal.aborted), [false, true, true, false]);
  abort.abort();
  await assert.rejects(dial.duplex, /aborted/);
  assert.ok(attempts.all.every(({ signal }) => signal.aborted));
});

Deno.test("the first attempt says why nobody is reached, and ends the second", async () => {
  const { attempts, dial, again } = dialing();
  again();
  attempts.all[1]?.reject(new Error("second"));
  await settled();
  attempts.all[0]?.reject(new Error("first"));
  await assert.rejects(dial.duplex, /first/);
});

Deno.test("an attempt that nobody hears is given up in time, and none is made in haste too soon", async () => {
  const { attempts, clock, dial } = dialing();
  assert.equal(dial.mayHurry(clock.now()), false);
  clock.advance(connectTimeoutMs);
  await assert.rejects(dial.duplex, /no connection within 5000 ms/);
  assert.equal(attempts.all.length, 1);
  assert.equal(clock.pendingTimers, 0);
});
