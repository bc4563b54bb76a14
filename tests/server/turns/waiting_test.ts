import assert from "node:assert/strict";
import { turnLeadMs } from "../../../src/server/turns/limits.ts";
import { Waiting, type Work } from "../../../src/server/turns/waiting.ts";

Deno.test("what a side had while nobody waited is not owed to the other one", () => {
  for (const [side, other] of [["long", "short"], ["short", "long"]] as const) {
    const waiting = new Waiting();
    for (let i = 0; i < 1_000; i++) waiting.book(1, side);
    const add = (work: Work) => waiting.add({ caller: {}, work, begin() {} });
    add("short");
    add("long");
    let ms = 0;
    for (; waiting.take()?.work === other; ms++) {
      waiting.book(1, other);
      add(other);
    }
    assert.ok(ms > 0 && ms <= turnLeadMs + 1, `${side} waited for ${ms} ms`);
  }
});
