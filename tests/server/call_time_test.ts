import assert from "node:assert/strict";
import * as z from "zod";
import { defineProcedure } from "../../src/procedures/procedure.ts";
import { serverTest } from "./fixtures/harness.ts";

const input = z.tuple([]);
const output = z.number().nullable();

/** Answers how long its call still has. */
const now = defineProcedure(
  { input, output, kind: "inline" },
  (_, context) => context.timeoutMs ?? null,
);

/** The same after a turn of the event loop. */
const later = defineProcedure({ input, output, kind: "inline" }, async (_, context) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return context.timeoutMs ?? null;
});

serverTest(
  "a procedure sees how long its call still has, inline and in a worker",
  async (harness) => {
    const pool = await harness.startPool();
    const peer = await harness.connect(harness.listen({ procedures: { now, later }, pool }));
    for (const [id, method] of ["now", "later", "left"].entries()) {
      const meta = { timeoutMs: 60_000 };
      await peer.send(`${JSON.stringify({ jsonrpc: "2.0", id, method, meta })}\n`);
      const left = (await peer.answer(id)).result;
      assert.ok(typeof left === "number" && left > 30_000 && left <= 60_000, `${method}: ${left}`);
      if (method === "later") assert.ok(left < 60_000, "what it took is counted");
    }
  },
);
