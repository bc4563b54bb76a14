import assert from "node:assert/strict";
import { RpcError } from "../../../src/base/errors.ts";
import { encodeError, encodeResult } from "../../../src/wire/codec.ts";
import { claimFileVariable, Claims } from "../../../src/workers/claim_file.ts";
import { OwedRequests } from "../../../src/workers/process/owed_requests.ts";
import { VirtualClock } from "../../support/virtual_clock.ts";
import { noMemoryFiles } from "../../support/memory_files.ts";
import { skippedIf } from "../../support/skipped_if.ts";

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "a worker gets calls again also if it is known from what it keeps that it has dropped others",
  ),
}, () => {
  let ready = 0;
  const owed = new OwedRequests({
    inOrder: true,
    callsMax: 64,
    isForeign: false,
    readsAsWeDo: true,
    clock: new VirtualClock(),
    ready: () => ready++,
    stop: () => {},
  });
  Deno.env.set(claimFileVariable, owed.claimsPath as string);
  const claims = Claims.join() as Claims;
  try {
    const outcomes: string[] = [];
    for (let i = 0; i < 3; i++) {
      const id = owed.nextId();
      owed.add(id, {
        answered: () => outcomes.push(`${id} answered`),
        lost: (_, begun) => outcomes.push(`${id} lost, begun: ${begun}`),
      }, 50);
    }
    assert.equal(claims.claim(1), true);
    assert.equal(owed.takeBack(), 1);
    assert.deepEqual(outcomes, ["3 lost, begun: false", "2 lost, begun: false"]);
    claims.kept?.add(encodeResult(1, null));
    for (const id of [2, 3]) {
      assert.equal(claims.claim(id), false);
      const error = new RpcError("Cancelled", "Taken back before it began", { executed: "no" });
      claims.kept?.add(encodeError(id, error));
    }
    owed.takeBack();
    assert.deepEqual([outcomes.length, owed.total, ready], [3, 0, 1]);
  } finally {
    claims.close();
    owed.close();
  }
});
