import assert from "node:assert/strict";
import { mcpOfferMsMax } from "../../../src/cli/limits.ts";
import { Offer } from "../../../src/cli/mcp/offer.ts";
import type { Tool } from "../../../src/gateway/agents/tools.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";

Deno.test("servers are asked for tools once, and anew after a change, a failure or some seconds", async () => {
  const clock = new VirtualClock();
  const answers: PromiseWithResolvers<readonly Tool[]>[] = [];
  const offer = new Offer(() => {
    const answer = Promise.withResolvers<readonly Tool[]>();
    answers.push(answer);
    return answer.promise;
  }, clock);
  const { signal } = new AbortController();
  const impatient = new AbortController();

  const given = [offer.tools(signal), offer.tools(signal)];
  const left = offer.tools(impatient.signal);
  impatient.abort();
  await assert.rejects(left, { name: "AbortError" });
  const first: readonly Tool[] = [];
  answers[0]?.resolve(first);
  for (const tools of given) assert.equal(await tools, first);
  assert.equal(await offer.tools(signal), first);
  assert.equal(answers.length, 1);

  offer.forget();
  const failed = offer.tools(signal);
  answers[1]?.reject(new Error("No server"));
  await assert.rejects(failed, /No server/);
  const second = offer.tools(signal);
  assert.equal(answers.length, 3);

  // What was asked before a change is nobody's answer after it, nor has them asked again.
  offer.forget();
  const third = offer.tools(signal);
  answers[2]?.reject(new Error("Gone"));
  await assert.rejects(second, /Gone/);
  answers[3]?.resolve(first);
  assert.equal(await third, first);
  assert.equal(await offer.tools(signal), first);
  assert.equal(answers.length, 4);

  clock.advance(mcpOfferMsMax);
  void offer.tools(signal);
  assert.equal(answers.length, 5);
});
