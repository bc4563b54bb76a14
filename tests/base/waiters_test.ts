import assert from "node:assert/strict";
import { Waiters } from "../../src/base/waiters.ts";

Deno.test("a wake wakes all that wait, once, and is not kept for who comes later", async () => {
  const waiters = new Waiters();
  waiters.wake();
  const woken: string[] = [];
  const seen = () => [...woken];
  const first = waiters.wait().then(() => woken.push("first"));
  const second = waiters.wait().then(() => woken.push("second"));
  await Promise.resolve();
  assert.deepEqual(seen(), []);
  waiters.wake();
  const third = waiters.wait().then(() => woken.push("third"));
  await Promise.all([first, second]);
  assert.deepEqual(seen(), ["first", "second"]);
  waiters.wake();
  await third;
  assert.deepEqual(seen(), ["first", "second", "third"]);
});
