import assert from "node:assert/strict";
import { OwnBodies } from "../../../src/workers/child/own_bodies.ts";
import { WorkerOutput } from "../../../src/workers/child/worker_output.ts";
import { KeptAnswers, keptBytes } from "../../../src/workers/kept_answers.ts";
import { keptAnswersBytesMax } from "../../../src/workers/limits.ts";

Deno.test("answers that are more than can be kept are written as often as they fill what there is, in order", () => {
  const written: string[] = [];
  const output = new WorkerOutput({
    writeSync: (bytes) => {
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
    kept: new KeptAnswers(new ArrayBuffer(keptBytes), 0),
    bodies: new OwnBodies(undefined),
    gone: () => assert.fail("nobody has gone"),
  });
  output.measured(1_000, 0.001);
  const lines = Array.from({ length: 64 }, (_, i) => `${i}${"x".repeat(500)}\n`);
  for (const [i, line] of lines.entries()) output.writeOrKeep(line, i === lines.length - 1);
  output.writeKept();
  assert.equal(written.join(""), lines.join(""));
  assert.equal(written.length, Math.ceil(64 / Math.floor(keptAnswersBytesMax / 503)));
});
