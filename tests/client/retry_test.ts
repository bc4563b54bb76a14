import assert from "node:assert/strict";
import { type ErrorName, type Executed, RpcError } from "../../src/base/errors.ts";
import { attemptsMax } from "../../src/base/limits.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { Call, type CallEndpoint, type Done } from "../../src/client/call.ts";
import { DelayedRetries } from "../../src/client/delayed_retries.ts";
import { withRetry } from "../../src/client/retry.ts";
import { RetryBudget } from "../../src/client/retry_budget.ts";
import { boundOfServer, boundOfServers, TooLongError } from "../../src/wire/message_bound.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** As much of an endpoint as the layer sees. */
class EndpointStub implements CallEndpoint {
  readonly address = "127.0.0.1:1";
  readonly lacked: string[] = [];
  timedOut(): void {
    assert.fail("retry judges no deadline");
  }

  gaveUp(): void {
    assert.fail("retry gives nothing up");
  }

  lacks(method: string): void {
    this.lacked.push(method);
  }

  isIdempotent: (method: string) => boolean | undefined = () => assert.fail("asked without need");
}

type Outcome = RpcError | "result" | "silence";

interface SetUpOptions {
  /** What becomes of each attempt, the last one again and again. */
  readonly outcomes: readonly Outcome[];
  readonly idempotent?: boolean;
  /** Retries in the budget. */
  readonly retries?: number;
  readonly isOffered?: (attempts: number) => boolean;
  readonly avoidShort?: (call: Call, error: TooLongError) => TooLongError | undefined;
  readonly isAnyUntried?: () => boolean;
  /** What the servers say. */
  readonly isIdempotent?: (method: string) => boolean | undefined;
}

function setUp({ outcomes, idempotent, retries = 100, ...options }: SetUpOptions) {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const delayedRetries = new DelayedRetries(clock);
  const endpoints = [new EndpointStub(), new EndpointStub()];
  for (const endpoint of endpoints) {
    if (options.isIdempotent !== undefined) endpoint.isIdempotent = options.isIdempotent;
  }
  const call = new Call("fib", [32], 60_000, idempotent);
  const ends: (RpcError | undefined)[] = [];
  const attemptsAtMs: number[] = [];
  const dones: Done[] = [];
  let retried = 0;
  const dispatch = withRetry({
    random,
    budget: new RetryBudget(clock, 0, retries / 10),
    delayedRetries,
    isOffered: () => options.isOffered?.(call.attempts) ?? true,
    avoidShort: options.avoidShort ?? (() => assert.fail("asked without need")),
    isAnyUntried: options.isAnyUntried ?? (() => false),
    onRetry: () => retried++,
  }, (call: Call, done: Done) => {
    attemptsAtMs.push(clock.now());
    dones.push(done);
    call.endpoint = endpoints[call.attempts % 2];
    const outcome = outcomes[Math.min(call.attempts, outcomes.length - 1)] as Outcome;
    call.attempts++;
    if (outcome !== "silence") done(outcome === "result" ? undefined : outcome, "the result", call);
  });
  dispatch(call, (error) => ends.push(error));
  return {
    clock,
    delayedRetries,
    endpoints,
    call,
    ends,
    attemptsAtMs,
    dones,
    retried: () => retried,
  };
}

function failure(name: ErrorName, executed?: Executed): RpcError {
  return new RpcError(name, `This failed as ${name}`, { executed });
}

Deno.test("a call that succeeds is sent once", () => {
  const { call, ends, retried } = setUp({ outcomes: ["result"] });
  assert.deepEqual(ends, [undefined]);
  assert.equal(call.attempts, 1);
  assert.equal(retried(), 0);
});

for (const name of ["ConnectionLost", "Draining", "Overloaded", "WorkerLost"] as const) {
  Deno.test(`a call that did not run is sent again after ${name}, idempotent or not (P-50)`, () => {
    const { clock, call, ends } = setUp({
      outcomes: [failure(name, "no"), "result"],
      idempotent: false,
    });
    clock.advance(1_000);
    assert.deepEqual(ends, [undefined]);
    assert.equal(call.attempts, 2);
  });
}

for (const name of ["ConnectionLost", "WorkerLost"] as const) {
  Deno.test(`a call that may have run is sent again after ${name} if it is idempotent (P-50)`, () => {
    const { call, ends } = setUp({ outcomes: [failure(name), "result"], idempotent: true });
    assert.deepEqual(ends, [undefined]);
    assert.equal(call.attempts, 2);
  });

  Deno.test(`a call that may have run is not sent again after ${name} otherwise (P-50)`, () => {
    const { call, ends } = setUp({ outcomes: [failure(name), "result"], idempotent: false });
    assert.equal(ends[0]?.name, name);
    assert.equal(ends[0]?.executed, "maybe");
    assert.equal(call.attempts, 1);
  });
}

Deno.test("a call that ran is not sent again, even if it is idempotent", () => {
  const { call, ends } = setUp({
    outcomes: [failure("ConnectionLost", "yes"), "result"],
    idempotent: true,
  });
  assert.equal(ends[0]?.executed, "yes");
  assert.equal(call.attempts, 1);
});

for (
  const name of [
    "ParseError",
    "InvalidRequest",
    "InvalidParams",
    "InternalError",
    "DeadlineExceeded",
    "Cancelled",
    "Unauthenticated",
    "PermissionDenied",
    "Unavailable",
  ] as const
) {
  Deno.test(`${name} is final: no other server would do better (P-70)`, () => {
    const { call, ends } = setUp({
      outcomes: [failure(name, "no"), "result"],
      idempotent: true,
    });
    assert.equal(ends[0]?.name, name);
    assert.equal(call.attempts, 1);
  });
}

for (const said of [true, false, undefined]) {
  Deno.test(`the server that lost a call says whether it is idempotent, here ${said} (P-50)`, () => {
    const { ends } = setUp({
      outcomes: [failure("ConnectionLost"), "result"],
      isIdempotent: () => said,
    });
    assert.equal(ends[0]?.name, said ? undefined : "ConnectionLost");
  });
}

Deno.test("a call that may have run and finds nobody to run it again ends as it did before", () => {
  const { call, ends } = setUp({
    outcomes: [failure("WorkerLost"), failure("Unavailable")],
    idempotent: true,
  });
  assert.deepEqual([ends[0]?.name, ends[0]?.executed], ["WorkerLost", "maybe"]);
  assert.equal(call.attempts, 2);
});

Deno.test("a call is sent a bounded number of times (P-52)", () => {
  const { clock, call, ends } = setUp({ outcomes: [failure("ConnectionLost", "no")] });
  clock.advance(10_000);
  assert.equal(call.attempts, attemptsMax);
  assert.equal(ends.length, 1);
  assert.equal(ends[0]?.name, "ConnectionLost");
});

Deno.test("a call that killed two workers is not given a third", () => {
  const { call, ends } = setUp({ outcomes: [failure("WorkerLost")], idempotent: true });
  assert.equal(call.attempts, 2);
  assert.equal(ends[0]?.name, "WorkerLost");
});

Deno.test("a call that reached none of the lost workers is given others", () => {
  const { clock, call, ends } = setUp({
    outcomes: [failure("WorkerLost", "no"), failure("WorkerLost", "no"), "result"],
    idempotent: false,
  });
  clock.advance(20);
  assert.equal(call.attempts, 3);
  assert.deepEqual(ends, [undefined]);
});

Deno.test("the error says the worst that is known of all attempts", () => {
  const { ends } = setUp({
    outcomes: [failure("ConnectionLost", "maybe"), failure("InvalidParams", "no")],
    idempotent: true,
  });
  assert.equal(ends[0]?.name, "InvalidParams");
  assert.equal(ends[0]?.executed, "maybe");
  assert.equal(ends[0]?.message, "This failed as InvalidParams");
});

Deno.test("with the budget spent an overloaded call fails at once", () => {
  const { call, ends } = setUp({ outcomes: [failure("Overloaded"), "result"], retries: 0 });
  assert.equal(ends[0]?.name, "Overloaded");
  assert.equal(call.attempts, 1);
});

Deno.test("with the budget spent a lost call waits for it, and is not lost", () => {
  const { clock, delayedRetries, ends, call } = setUp({
    outcomes: [failure("ConnectionLost", "no"), failure("ConnectionLost", "no"), "result"],
    retries: 1,
  });
  // The first retry took what there was: the second one waits until the window has passed.
  assert.equal(call.attempts, 2);
  assert.equal(delayedRetries.size, 1);
  clock.advance(9_900);
  assert.equal(ends.length, 0);
  clock.advance(200);
  assert.deepEqual(ends, [undefined]);
  assert.equal(delayedRetries.size, 0);
});

Deno.test("a call given up while it waits for the budget leaves nothing behind", () => {
  const { clock, delayedRetries, call, ends } = setUp({
    outcomes: [failure("ConnectionLost", "no")],
    retries: 0,
  });
  call.ended = true;
  call.leave();
  assert.equal(delayedRetries.size + clock.pendingTimers, 0);
  clock.advance(60_000);
  assert.equal(call.attempts, 1);
  assert.equal(ends.length, 0);
});

Deno.test("a call that ended before its attempt failed is neither sent again nor ended once more", () => {
  for (const executed of ["no", "maybe"] as const) {
    const { call, dones, ends, retried } = setUp({ outcomes: ["silence"] });
    call.ended = true;
    dones[0]?.(failure("ConnectionLost", executed), undefined, call);
    assert.deepEqual([call.attempts, retried(), ends.length], [1, 0, 0]);
  }
});

Deno.test("an overloaded call waits longer from attempt to attempt, with jitter", () => {
  const { clock, attemptsAtMs } = setUp({ outcomes: [failure("Overloaded")], retries: 1_000 });
  clock.advance(10_000);
  const waits = attemptsAtMs.slice(1).map((atMs, i) => atMs - (attemptsAtMs[i] as number));
  assert.equal(waits.length, attemptsMax - 1);
  waits.forEach((waitMs, i) => {
    const ceilingMs = Math.min(20 * 2 ** i, 1_000);
    assert.ok(waitMs >= ceilingMs / 2 && waitMs <= ceilingMs, `${waitMs} of ${ceilingMs}`);
  });
});

Deno.test("a method that one server lacks is looked for on another", () => {
  const { endpoints, call, ends } = setUp({ outcomes: [failure("MethodNotFound"), "result"] });
  assert.deepEqual(ends, [undefined]);
  assert.equal(call.attempts, 2);
  assert.deepEqual(endpoints[0]?.lacked, ["fib"]);
});

Deno.test("a MethodNotFound of a call that may have run tells nothing of the server, and is not sent again (P-50)", () => {
  const { call, ends, endpoints } = setUp({
    outcomes: [failure("MethodNotFound", "maybe"), "result"],
    idempotent: false,
  });
  assert.deepEqual([ends[0]?.name, ends[0]?.executed], ["MethodNotFound", "maybe"]);
  assert.equal(call.attempts, 1);
  assert.deepEqual(endpoints.flatMap(({ lacked }) => lacked), []);
});

for (const name of ["ConnectionLost", "Draining", "WorkerLost"] as const) {
  Deno.test(`a call after ${name} goes elsewhere at once, and then waits longer each time`, () => {
    const { clock, attemptsAtMs } = setUp({ outcomes: [failure(name, "no")] });
    assert.deepEqual(attemptsAtMs, [0, 0]);
    clock.advance(10_000);
    const waits = attemptsAtMs.slice(2).map((atMs, i) => atMs - (attemptsAtMs[i + 1] as number));
    assert.equal(waits.length, attemptsMax - 2);
    waits.forEach((waitMs, i) => {
      const ceilingMs = 20 * 2 ** i;
      assert.ok(waitMs >= ceilingMs / 2 && waitMs <= ceilingMs, `${waitMs} of ${ceilingMs}`);
    });
  });
}

Deno.test("a method that no server offers fails when all have said so", () => {
  const { call, ends } = setUp({
    outcomes: [failure("MethodNotFound")],
    isOffered: (attempts) => attempts < 2,
  });
  assert.equal(ends[0]?.name, "MethodNotFound");
  assert.equal(call.attempts, 2);
});

Deno.test("a method that connected servers lack is looked for on those still being connected to", async () => {
  let isAnyUntried = true;
  let isOffered = false;
  const options = {
    outcomes: [failure("MethodNotFound"), "result"] as const,
    isOffered: () => isOffered,
    isAnyUntried: () => isAnyUntried,
  };
  const found = setUp(options);
  await found.clock.advanceAsync(100);
  assert.deepEqual(found.ends, []);
  isOffered = true;
  await found.clock.advanceAsync(100);
  assert.deepEqual(found.ends, [undefined]);

  isOffered = false;
  const missing = setUp(options);
  await missing.clock.advanceAsync(100);
  isAnyUntried = false;
  await missing.clock.advanceAsync(100);
  assert.equal(missing.ends[0]?.name, "MethodNotFound");
  assert.equal(missing.call.attempts, 1);
});

Deno.test("a call too long for one server goes to one that takes it, without budget, or fails", () => {
  const tooLong = new TooLongError("InvalidParams", "It is", 5_000_000, boundOfServer());
  const largest = tooLong.of(boundOfServers("127.0.0.1:2", 4_500_000));
  const asked: TooLongError[] = [];
  const avoidShort = (_call: Call, error: TooLongError) => void asked.push(error);
  const found = setUp({ outcomes: [tooLong, "result"], avoidShort, retries: 0 });
  assert.deepEqual([found.ends, asked, found.retried()], [[undefined], [tooLong], 1]);
  const missing = setUp({ outcomes: [tooLong], avoidShort: () => largest });
  assert.deepEqual([missing.ends, missing.call.attempts], [[largest], 1]);
  const never = setUp({ outcomes: [tooLong], avoidShort });
  assert.deepEqual([never.ends, never.call.attempts], [[tooLong], attemptsMax]);
});

Deno.test("a call too long for all connected servers waits while others are being connected", async () => {
  const tooLong = new TooLongError("InvalidParams", "It is", 5_000_000, boundOfServer());
  let isAnyUntried = true;
  let isLongTaken = false;
  const options = {
    avoidShort: () => isLongTaken ? undefined : tooLong,
    isAnyUntried: () => isAnyUntried,
  };
  const found = setUp({ outcomes: [tooLong, "result"], ...options, retries: 0 });
  const missing = setUp({ outcomes: [tooLong], ...options });
  for (const { clock, ends } of [found, missing]) {
    await clock.advanceAsync(1_000);
    assert.deepEqual(ends, []);
  }
  isLongTaken = true;
  await found.clock.advanceAsync(100);
  assert.deepEqual([found.ends, found.call.attempts], [[undefined], 2]);
  [isLongTaken, isAnyUntried] = [false, false];
  await missing.clock.advanceAsync(100);
  assert.deepEqual([missing.ends, missing.call.attempts], [[tooLong], 1]);
});

Deno.test("each server that failed a call is one to avoid, and the last failure is kept", () => {
  const { call, endpoints } = setUp({
    outcomes: [failure("ConnectionLost", "no"), failure("Draining"), "silence"],
  });
  assert.deepEqual([...call.avoid ?? []], endpoints);
  assert.equal(call.failure?.name, "Draining");
});
