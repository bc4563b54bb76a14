import assert from "node:assert/strict";
import { ClaimFile, claimFileVariable, Claims } from "../../src/workers/claim_file.ts";
import { KeptAnswers, keptBytes, readKeptAnswers } from "../../src/workers/kept_answers.ts";
import { keptAnswersBytesMax } from "../../src/workers/limits.ts";
import { noMemoryFiles } from "../support/memory_files.ts";
import { skippedIf } from "../support/skipped_if.ts";

/** Both sides on the same memory. `meanwhile` runs before each look of the server. */
function sides(meanwhile: () => void = () => {}) {
  const memory = new ArrayBuffer(keptBytes);
  const kept = new KeptAnswers(memory, 0);
  const seen = () =>
    readKeptAnswers((bytes) => {
      meanwhile();
      bytes.set(new Uint8Array(memory, 0, bytes.length));
    });
  return { kept, seen };
}

function written(kept: KeptAnswers): string {
  let text = "";
  kept.write((bytes) => text += new TextDecoder().decode(bytes));
  return text;
}

Deno.test("the server sees each answer that is kept, and none that was written", () => {
  const { kept, seen } = sides();
  assert.deepEqual(seen(), []);
  assert.equal(kept.add("one\n"), true);
  assert.deepEqual(seen(), ["one"]);
  assert.equal(kept.add("zwölf\n"), true);
  assert.deepEqual(seen(), ["one", "zwölf"]);
  assert.equal(written(kept), "one\nzwölf\n");
  assert.deepEqual([kept.count, seen(), written(kept)], [0, [], ""]);
  assert.equal(kept.add("3\n"), true);
  assert.deepEqual(seen(), ["3"]);
});

Deno.test("an answer for which there is no room is not kept, not even a part of it", () => {
  const { kept, seen } = sides();
  const long = `${"x".repeat(keptAnswersBytesMax - 10)}\n`;
  assert.equal(kept.add(long), true);
  assert.equal(kept.add("ä".repeat(5) + "\n"), false);
  assert.equal(kept.add("short\n"), true);
  assert.deepEqual(seen(), [long.slice(0, -1), "short"]);
  assert.equal(written(kept), `${long}short\n`);
});

Deno.test("answers that are replaced while the server reads are read anew, or not at all", () => {
  let looks = 0;
  let until = 2;
  const { kept, seen } = sides(() => {
    if (looks++ >= until) return;
    written(kept);
    kept.add(`a${looks}\n`);
    kept.add(`b${looks}\n`);
  });
  assert.deepEqual(seen(), ["a2", "b2"]);
  [looks, until] = [0, Infinity];
  assert.deepEqual(seen(), []);
});

Deno.test({
  ...skippedIf(
    noMemoryFiles,
    "a worker keeps answers only in a file that is long enough, as that of an older server is not",
  ),
}, () => {
  for (const isOld of [false, true]) {
    const file = ClaimFile.create(["/dev/shm"]);
    assert.ok(file !== undefined);
    if (isOld) Deno.truncateSync(file.path, 16);
    Deno.env.set(claimFileVariable, file.path);
    const claims = Claims.join();
    try {
      assert.equal(claims?.claim(1), true);
      assert.equal(file.begun(), 1);
      assert.equal(claims?.kept === undefined, isOld);
      claims?.kept?.add("an answer\n");
      assert.deepEqual(file.keptAnswers(), isOld ? [] : ["an answer"]);
    } finally {
      claims?.close();
      file.close();
    }
  }
});
