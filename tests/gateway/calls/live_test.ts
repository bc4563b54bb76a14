import assert from "node:assert/strict";
import { Live } from "../../../src/gateway/calls/live.ts";
import type { Servers } from "../../../src/gateway/calls/servers.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import { gatewayLookMs, gatewayLooksMax } from "../../../src/gateway/limits.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { waitFor } from "../../support/wait_for.ts";

function liveOf() {
  const clock = new VirtualClock();
  const ended = new AbortController();
  let looks = 0;
  const view = () => Promise.resolve({ look: ++looks });
  const live = new Live({ view } as unknown as Servers, clock, ended.signal);
  return { live, clock, ended, looks: () => looks };
}

Deno.test("who looks is told at once, then once a period, and ends with the gateway", async () => {
  const { live, clock, ended } = liveOf();
  const response = live.response("a");
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const told = async () => new TextDecoder().decode((await reader.read()).value);
  assert.equal(await told(), 'data: {"look":1}\n\n');
  const second = told();
  await waitFor("the pause", () => clock.pendingTimers === 1);
  await clock.advanceAsync(gatewayLookMs);
  assert.equal(await second, 'data: {"look":2}\n\n');
  const last = reader.read();
  ended.abort();
  assert.equal((await last).done, true);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("who does not read has nobody asked, and those who look at once are bounded (503)", async () => {
  const { live, looks } = liveOf();
  const half = gatewayLooksMax / 2;
  const many = (caller: string) => Array.from({ length: half }, () => live.response(caller));
  const isRefused = (caller: string, sentence: RegExp) =>
    assert.throws(
      () => live.response(caller),
      (error) =>
        error instanceof HttpProblem && error.status === 503 && sentence.test(error.message),
    );
  const all = many("a");
  isRefused("a", /128 of your address look already/);
  all.push(...many("b"));
  assert.equal(looks(), 0);
  isRefused("c", /256 look already/);
  await all[0]?.body?.cancel();
  await live.response("c").body?.cancel();
  await live.response("a").body?.cancel();
  for (const one of all.slice(1)) await one.body?.cancel();
});
