import assert from "node:assert/strict";
import { DeadlineWheel } from "../../src/base/deadline_wheel.ts";
import { RpcError } from "../../src/base/errors.ts";
import { Call, type CallEndpoint, type Done } from "../../src/client/call.ts";
import { withDeadline } from "../../src/client/deadline.ts";
import { DelayedRetries } from "../../src/client/delayed_retries.ts";
import { withRetry } from "../../src/client/retry.ts";
import { RetryBudget } from "../../src/client/retry_budget.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

function setUp(signal?: AbortSignal) {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  const call = new Call("fib", [32], 1_000, undefined, signal);
  const ends: { error: RpcError | undefined; result: unknown }[] = [];
  let below: Done | undefined;
  let cancelled = 0;
  const dispatch = withDeadline(wheel, (call, done) => {
    below = done;
    call.holder = { cancel: () => cancelled++ };
  });
  return {
    clock,
    wheel,
    call,
    ends,
    cancelled: () => cancelled,
    start: () => dispatch(call, (error, result) => ends.push({ error, result })),
    end: (error: RpcError | undefined, result?: unknown) => below?.(error, result, call),
    wasSent: () => below !== undefined,
  };
}

/** An endpoint that counts the timeouts that it is blamed for. */
function endpointStub() {
  const sentAtMs: number[] = [];
  const gaveUp: Call[] = [];
  const endpoint: CallEndpoint = {
    address: "127.0.0.1:1",
    timedOut: (_method, atMs) => void sentAtMs.push(atMs),
    gaveUp: (call) => void gaveUp.push(call),
    isIdempotent: () => assert.fail("asked without need"),
    lacks: () => assert.fail("it was asked what it offers"),
  };
  return { endpoint, sentAtMs, gaveUp };
}

Deno.test("an answer in time ends the call, and nothing is left behind", () => {
  const { clock, wheel, call, ends, cancelled, start, end } = setUp();
  start();
  end(undefined, 2178309);
  assert.deepEqual(ends, [{ error: undefined, result: 2178309 }]);
  assert.ok(call.ended);
  assert.equal(wheel.size, 0);
  clock.advance(5_000);
  assert.equal(ends.length, 1);
  assert.equal(cancelled(), 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("at its deadline a call ends once, is cancelled, and a late answer is ignored (P-18, P-52)", () => {
  const { clock, call, ends, cancelled, start, end } = setUp();
  start();
  clock.advance(999);
  assert.equal(ends.length, 0);
  clock.advance(6);
  assert.equal(ends[0]?.error?.name, "DeadlineExceeded");
  assert.equal(cancelled(), 1);
  assert.equal(call.holder, undefined);
  end(undefined, 2178309);
  end(new RpcError("InternalError", "Late"));
  assert.equal(ends.length, 1);
});

Deno.test("a call that was never sent is known not to have run", () => {
  const { clock, ends, start } = setUp();
  start();
  clock.advance(1_005);
  assert.equal(ends[0]?.error?.executed, "no");
  assert.match(ends[0]?.error?.message ?? "", /no server was connected/);
});

Deno.test("the server that works on a call is blamed for its deadline", () => {
  const { clock, call, ends, start } = setUp();
  const { endpoint, sentAtMs, gaveUp } = endpointStub();
  start();
  call.endpoint = endpoint;
  call.attempts = 2;
  call.sentAtMs = 10;
  clock.advance(1_005);
  assert.deepEqual(sentAtMs, [10]);
  assert.deepEqual(gaveUp, [call]);
  assert.equal(ends[0]?.error?.executed, "maybe");
  assert.match(ends[0]?.error?.message ?? "", /127\.0\.0\.1:1, attempt 2/);
});

for (
  const { timeoutMs, text } of [
    { timeoutMs: 700, text: "700 ms" },
    { timeoutMs: 1_000, text: "1 s" },
    { timeoutMs: 1_234, text: "1.234 s" },
    { timeoutMs: 60_000, text: "60 s" },
  ]
) {
  Deno.test(`who gave a call ${text} reads that number, whoever ends it and however late it was sent`, () => {
    for (const answered of [false, true]) {
      const { clock, call, ends, start, end } = setUp();
      call.timeoutMs = timeoutMs;
      call.endpoint = endpointStub().endpoint;
      start();
      clock.advance(37);
      call.attempts = 1;
      call.sentAtMs = 37;
      clock.advance(answered ? 990 - 37 : 1_005 - 37);
      if (answered) {
        const theirs = new RpcError("DeadlineExceeded", "Cannot finish fib", { executed: "no" });
        end(theirs);
        assert.equal(ends[0]?.error?.executed, "no");
      }
      assert.equal(ends.length, 1);
      const message = ends[0]?.error?.message ?? "";
      assert.ok(message.includes(answered ? `(${text})` : `within ${text} (at`), message);
    }
  });
}

for (const endedBy of ["the client", "the server"]) {
  Deno.test(`a call that failed before its deadline, which ${endedBy} found, says as what`, () => {
    const { clock, call, ends, start, end } = setUp();
    call.timeoutMs = 1_000;
    call.endpoint = endpointStub().endpoint;
    call.attempts = 3;
    call.failure = new RpcError("WorkerLost", "No worker can be started", { executed: "no" });
    start();
    clock.advance(endedBy === "the client" ? 1_005 : 990);
    end(new RpcError("DeadlineExceeded", "Cannot run fib", { executed: "no" }));
    assert.equal(
      ends[0]?.error?.message,
      endedBy === "the client"
        ? "No answer to fib within 1 s (at 127.0.0.1:1, attempt 3 after WorkerLost: No worker can be started)"
        : "Cannot run fib (1 s, attempt 3 after WorkerLost: No worker can be started)",
    );
  });
}

Deno.test("what a server ends long before the deadline is not told with the time of the call", () => {
  const { clock, call, ends, start, end } = setUp();
  call.timeoutMs = 1_000;
  start();
  clock.advance(100);
  end(new RpcError("DeadlineExceeded", "Cannot finish fib"));
  assert.equal(ends[0]?.error?.message, "Cannot finish fib");
});

Deno.test("only what ended at the deadline is told with the time of the call", () => {
  const { clock, call, ends, start, end } = setUp();
  call.timeoutMs = 1_000;
  start();
  clock.advance(990);
  end(new RpcError("InternalError", "Cannot finish fib"));
  assert.equal(ends[0]?.error?.message, "Cannot finish fib");
});

Deno.test("a server is blamed for a stream's deadline unless it has sent items", () => {
  for (const received of [0, 1]) {
    const { clock, call, start } = setUp();
    const { endpoint, sentAtMs } = endpointStub();
    start();
    call.endpoint = endpoint;
    call.sentAtMs = 10;
    call.stream = { credit: 1, received, items() {}, grant: undefined };
    clock.advance(1_005);
    assert.equal(sentAtMs.length, received === 0 ? 1 : 0);
  }
});

Deno.test("a server that refused a call before is not blamed for its deadline", () => {
  const { clock, call, ends, start } = setUp();
  const { endpoint, sentAtMs, gaveUp } = endpointStub();
  start();
  // It was sent, came back without having run, and waits to be sent again.
  call.endpoint = endpoint;
  call.attempts = 1;
  clock.advance(1_005);
  assert.deepEqual(sentAtMs, []);
  assert.deepEqual(gaveUp, []);
  assert.equal(ends[0]?.error?.executed, "no");
});

Deno.test("a call whose signal has aborted already is not sent", () => {
  const { wheel, ends, start, wasSent } = setUp(AbortSignal.abort("enough"));
  start();
  assert.equal(ends[0]?.error?.name, "Cancelled");
  assert.equal(ends[0]?.error?.executed, "no");
  assert.equal(ends[0]?.error?.cause, "enough");
  assert.ok(!wasSent());
  assert.equal(wheel.size, 0);
});

Deno.test("an abort ends the call at once and cancels it", () => {
  const controller = new AbortController();
  const { wheel, ends, cancelled, start, end } = setUp(controller.signal);
  start();
  controller.abort();
  assert.equal(ends[0]?.error?.name, "Cancelled");
  assert.equal(cancelled(), 1);
  assert.equal(wheel.size, 0);
  end(undefined, 1);
  assert.equal(ends.length, 1);
});

Deno.test("a call that has ended no longer listens to its signal", () => {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  const { ends, cancelled, start, end } = setUp(signal);
  start();
  assert.equal(listeners, 1);
  end(undefined, 1);
  assert.equal(listeners, 0);
  controller.abort();
  assert.equal(ends.length, 1);
  assert.equal(cancelled(), 0);
});

Deno.test("a call that is answered before it is even handed over ends once", () => {
  const clock = new VirtualClock();
  const wheel = new DeadlineWheel(clock);
  let ends = 0;
  withDeadline(wheel, (call, done) => done(undefined, 1, call))(
    new Call("ping", undefined, 1_000),
    () => ends++,
  );
  clock.advance(5_000);
  assert.equal(ends, 1);
  assert.equal(wheel.size, 0);
});

Deno.test("the layers make no closure for each call", () => {
  const clock = new VirtualClock();
  const below = new Set<Done>();
  const retry = withRetry({
    random: () => 0.5,
    budget: new RetryBudget(clock),
    delayedRetries: new DelayedRetries(clock),
    isOffered: () => true,
    avoidShort: () => undefined,
    isAnyUntried: () => false,
    onRetry: () => assert.fail("nothing is sent again"),
  }, (call, done) => {
    below.add(done);
    done(undefined, call.method, call);
  });
  const between = new Set<Done>();
  const dispatch = withDeadline(new DeadlineWheel(clock), (call, done) => {
    between.add(done);
    retry(call, done);
  });
  const results: unknown[] = [];
  for (const method of ["a", "b"]) {
    dispatch(new Call(method, undefined, 1_000), (_error, result) => results.push(result));
  }
  assert.deepEqual(results, ["a", "b"]);
  assert.deepEqual([between.size, below.size], [1, 1]);
});
