import assert from "node:assert/strict";
import { BodyFile, newBodyPath } from "../../../src/workers/body_file.ts";
import { OwnBodies } from "../../../src/workers/child/own_bodies.ts";
import { WorkerOutput } from "../../../src/workers/child/worker_output.ts";
import { KeptAnswers, keptBytes } from "../../../src/workers/kept_answers.ts";
import { keptAnswersBytesMax } from "../../../src/workers/limits.ts";
import { noMemoryFiles } from "../../support/memory_files.ts";
import { skippedIf } from "../../support/skipped_if.ts";

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

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "what is written at once overtakes nothing in the file that is still to be written",
  ),
}, async () => {
  const path = newBodyPath() as string;
  const server = BodyFile.create(path) as BodyFile;
  const bodies = new OwnBodies(path);
  bodies.take("x".repeat(10_000));
  const written: string[] = [];
  const output = new WorkerOutput({
    writeSync: (bytes) => {
      written.push(...new TextDecoder().decode(bytes).trimEnd().split("\n"));
      return bytes.length;
    },
    kept: undefined,
    bodies,
    gone: () => assert.fail("nobody has gone"),
  });
  try {
    const line = (character: string) => `${character.repeat(10_000)}\n`;
    output.writeNow(line("a"));
    output.push(line("b"));
    output.writeNow(line("c"));
    await output.flush();
    assert.deepEqual(written.map(BodyFile.holdsBodyOf), [true, false, true]);
    const [first = "", , last = ""] = written;
    assert.deepEqual([first, last].map((line) => server.take(line).bytes[9_999]), [97, 98]);
  } finally {
    server.close();
  }
});
