import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/log.ts";
import type { Announcement, Override } from "../../src/discovery/discovery.ts";
import { OverrideTaker, overrideText } from "../../src/discovery/override_taker.ts";
import { settled } from "../support/virtual_clock.ts";

Deno.test("a change that cannot be says which of its members is wrong (P-21, P-74)", async () => {
  const { take } = new OverrideTaker(silentLogger);
  for (
    const [params, path, message] of [
      [{ weight: -1 }, ["weight"], "must be a number from 0 to 1000"],
      [{ drained: "yes" }, ["drained"], "must be true or false"],
      [[1], [], "must be an object"],
    ]
  ) {
    await assert.rejects(take(params), (error) => {
      assert.ok(error instanceof RpcError);
      assert.equal(error.name, "InvalidParams");
      assert.deepEqual(error.issues, [{ path, message }]);
      return true;
    });
  }
});

Deno.test("changes are made one at a time, and each is logged, also after one that failed", async () => {
  const told: string[] = [];
  const taker = new OverrideTaker({ ...silentLogger, info: (message) => told.push(message) });
  await assert.rejects(taker.take({ weight: 1 }), (error) => {
    assert.ok(error instanceof RpcError && error.name === "InternalError");
    assert.match(error.message, /^Cannot change the share: The server is only just starting$/);
    return true;
  });
  const begun: Override[] = [];
  let end = () => {};
  taker.begin({
    override(change: Override) {
      begun.push(change);
      return new Promise<Override>((resolve, reject) =>
        end = () => change.weight === 2 ? reject(new Error("gone")) : resolve(change)
      );
    },
  } as unknown as Announcement);
  const takes = [{ weight: 1 }, { weight: 2 }, { drained: true }].map((one) => taker.take(one));
  const outcomes = Promise.allSettled(takes);
  for (let count = 1; count <= 3; count++) {
    await settled();
    assert.equal(begun.length, count);
    end();
  }
  const [first, second, third] = await outcomes;
  assert.deepEqual([first?.status, second?.status, third?.status], [
    ...["fulfilled", "rejected", "fulfilled"],
  ]);
  assert.deepEqual(told, [
    "An operator changed this server's share: weight 1",
    "An operator changed this server's share: drained, no new calls while there is another server",
  ]);
});

Deno.test("without a change a server is as it was started", () => {
  assert.equal(overrideText({ drained: false }), "as it was started");
  assert.match(overrideText({ drained: true, weight: 0 }), /^drained, .*, weight 0$/);
});
