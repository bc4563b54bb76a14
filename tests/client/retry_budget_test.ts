import assert from "node:assert/strict";
import { RetryBudget } from "../../src/client/retry_budget.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** Takes out all there is. */
function drain(budget: RetryBudget): number {
  let taken = 0;
  while (budget.spend()) taken++;
  return taken;
}

Deno.test("a budget without calls has the reserve of its window and no more", () => {
  const clock = new VirtualClock(5_000);
  const budget = new RetryBudget(clock);
  assert.equal(budget.available, 100);
  assert.equal(drain(budget), 100);
  assert.equal(budget.spend(), false);
});

Deno.test("each call earns its share of a retry", () => {
  const budget = new RetryBudget(new VirtualClock(), 0.2, 0);
  assert.equal(budget.spend(), false);
  for (let i = 0; i < 1_000; i++) budget.deposit();
  assert.equal(drain(budget), 200);
});

Deno.test("what calls earned is lost when the window has passed", () => {
  const clock = new VirtualClock();
  const budget = new RetryBudget(clock, 0.2, 0);
  for (let i = 0; i < 100; i++) budget.deposit();
  clock.advance(9_999);
  assert.equal(budget.available, 20);
  clock.advance(1);
  assert.equal(budget.available, 0);
});

Deno.test("what was spent of the reserve comes back when the window has passed", () => {
  const clock = new VirtualClock();
  const budget = new RetryBudget(clock, 0, 1);
  assert.equal(drain(budget), 10);
  clock.advance(10_000);
  assert.equal(budget.available, 10);
  assert.equal(drain(budget), 10);
});

Deno.test("a call that was made in the slot before gives no retry back", () => {
  const clock = new VirtualClock(999);
  const budget = new RetryBudget(clock, 0, 1);
  clock.advance(1);
  assert.equal(drain(budget), 10);
  budget.deposit(999);
  assert.equal(budget.available, 0);
});

Deno.test("a long rest leaves exactly the reserve", () => {
  const clock = new VirtualClock();
  const budget = new RetryBudget(clock);
  for (let i = 0; i < 12_345; i++) budget.deposit();
  drain(budget);
  clock.advance(3_600_000);
  assert.equal(drain(budget), 100);
});

Deno.test("under overload retries add a tenth of the calls, and little for those who make few (P-52)", () => {
  const clock = new VirtualClock();
  const budget = new RetryBudget(clock);
  let retries = 0;
  while (budget.spendUnderOverload()) retries++;
  assert.equal(retries, 5);
  clock.advance(10_000);
  retries = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    budget.deposit();
    if (budget.spendUnderOverload()) retries++;
    clock.advance(10);
  }
  assert.ok(retries <= 6_000 * 0.1 + 7 * 5, `${retries} retries`);
  assert.ok(retries >= 6_000 * 0.1, `${retries} retries`);
  // What is left of the reserve is there for servers that are lost.
  assert.ok(drain(budget) >= 80);
});

Deno.test("over any time retries stay within the share of calls and the reserve (P-52)", () => {
  const clock = new VirtualClock();
  const budget = new RetryBudget(clock);
  let retries = 0;
  for (let ms = 0; ms < 60_000; ms += 10) {
    budget.deposit();
    if (budget.spend()) retries++;
    clock.advance(10);
  }
  assert.ok(retries <= 6_000 * 0.2 + 6 * 100 + 1, `${retries} retries`);
  assert.ok(retries >= 6_000 * 0.2, `${retries} retries`);
});

Deno.test("what a call after a long rest earns is there for a whole window", () => {
  const clock = new VirtualClock();
  const budget = new RetryBudget(clock, 1, 0);
  clock.advance(15_000);
  budget.deposit(clock.now());
  clock.advance(9_999);
  assert.equal(budget.available, 1);
});
