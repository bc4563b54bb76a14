/** The files between a server and its workers, in which a procedure may have written anything. */

import assert from "node:assert/strict";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import { LineSplitter } from "../../src/wire/lines.ts";
import { textOfLine } from "../../src/wire/unread/bytes.ts";
import { BodyFile } from "../../src/workers/body_file.ts";
import { KeptAnswers, keptBytes, readKeptAnswers } from "../../src/workers/kept_answers.ts";
import { bodyBytesMin, bodyRingBytes } from "../../src/workers/limits.ts";
import * as fc from "../support/fast_check.ts";
import { bytesNear } from "./arbitraries.ts";
import { fuzz } from "./fuzz.ts";

const directory = await Deno.makeTempDir({ prefix: "rpc_fuzz_" });
const path = `${directory}/bodies`;
const server = BodyFile.create(path) as BodyFile;
const worker = BodyFile.join(path) as BodyFile;
globalThis.addEventListener("unload", () => {
  server.close();
  worker.close();
  Deno.removeSync(directory, { recursive: true });
});

const fill = "x".repeat(1024 * 1024);

/** Bodies of lines, one after the other, and after each whether the reader goes on. */
const bodies = fc.array(
  fc.tuple(
    fc.oneof(
      { arbitrary: fc.integer({ min: bodyBytesMin - 2, max: 70_000 }), weight: 9 },
      { arbitrary: fc.nat(fill.length), weight: 1 },
    ),
    fc.constantFrom("", "é", "\u2028", "\ufffd", "\\u0001"),
    fc.boolean(),
    fc.boolean(),
  ),
  { maxLength: 8 },
);

const utf8 = new TextEncoder();

fuzz(
  "lines whose bodies go through a file arrive as they were, in both directions",
  fc.tuple(bodies, fc.boolean()),
  ([lines, isToWorker]) => {
    const [from, to] = isToWorker ? [server, worker] : [worker, server];
    const onTheWay: { marked: string; text: string }[] = [];
    const takeOne = () => {
      const { marked, text } = onTheWay.shift()!;
      const [line] = new LineSplitter().pushLong(utf8.encode(marked));
      assert.ok(BodyFile.holdsBodyOf(line!));
      const taken = to.take(line);
      assert.ok(new TextDecoder().decode(taken.bytes) === text.trimEnd(), "as it was");
      taken.letGo();
    };
    try {
      for (const [length, odd, isText, goesOn] of lines) {
        const body = `"${odd}${fill.slice(0, length)}"`;
        const line = {
          head: `{"jsonrpc":"2.0","id":7,"${odd}":`,
          body: isText ? body : new LentBytes(utf8.encode(body)),
          tail: `}\n`,
          length: body.length,
        };
        const text = textOfLine(line);
        const marked = from.put(line);
        // Where there is no room, the whole line goes through the pipe.
        if (marked !== undefined) onTheWay.push({ marked, text });
        if (goesOn && onTheWay.length > 0) takeOne();
      }
    } finally {
      while (onTheWay.length > 0) takeOne();
    }
  },
  undefined,
  200,
);

fuzz(
  "a line that names a body is whole or refused, whatever it names",
  bytesNear(
    '\x010,40000\x01{"jsonrpc":"2.0","id":7,"result":\x01}\n',
    `\x01${bodyRingBytes - 10},10\x01{\x01}\n`,
    `\x01${2 ** 49},1\x01\x01\n`,
  ),
  (bytes) => {
    for (const line of new LineSplitter().pushLong(bytes)) {
      if (!BodyFile.holdsBodyOf(line)) continue;
      try {
        const taken = worker.take(line);
        assert.ok(taken.length <= bodyRingBytes + 3 * bytes.length);
        taken.letGo();
      } catch (error) {
        assert.match((error as Error).message, /^it names /);
      }
    }
  },
  undefined,
  500,
);

const steps = fc.array(
  fc.oneof(
    { arbitrary: fc.tuple(fc.constant("keep"), fc.nat(3_000)), weight: 4 },
    { arbitrary: fc.tuple(fc.constant("write"), fc.constant(0)), weight: 1 },
  ),
  { maxLength: 30 },
);

fuzz(
  "kept answers are whole lines that were kept together, whenever the server looks",
  fc.tuple(steps, fc.array(fc.nat(3), { maxLength: 24 })),
  ([todo, between]) => {
    const memory = new ArrayBuffer(keptBytes);
    const kept = new KeptAnswers(memory, 0);
    /** What was kept at one time, from the first such time on; and all that was written. */
    const states: string[][] = [[]];
    const written: string[] = [];
    let number = 0;
    const goOn = () => {
      const [step, length] = todo.shift() ?? [];
      const now = states.at(-1)!;
      if (step === "write") {
        kept.write((bytes) => written.push(new TextDecoder().decode(bytes)));
        states.push([]);
      } else if (step === "keep") {
        const answer = `{"id":${number++},"é":"${"y".repeat(length!)}"}`;
        if (kept.add(`${answer}\n`)) states.push([...now, answer]);
      }
    };
    while (todo.length > 0) {
      goOn();
      const first = states.length - 1;
      const seen = readKeptAnswers((bytes) => {
        for (let steps = between.shift() ?? 0; steps > 0; steps--) goOn();
        bytes.set(new Uint8Array(memory, 0, bytes.length));
      });
      const isKnown = states.slice(first).some((state) =>
        state.length === seen.length && state.every((line, at) => line === seen[at])
      );
      // Nothing is also what it sees if it was written each time that it looked.
      assert.ok(
        isKnown || seen.length === 0,
        JSON.stringify(seen.map((line) => line.slice(0, 20))),
      );
    }
    kept.write((bytes) => written.push(new TextDecoder().decode(bytes)));
    const lines = written.join("").split("\n").slice(0, -1);
    const ids = lines.map((line) => JSON.parse(line).id);
    assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b), "each once, in order");
  },
);

fuzz(
  "whatever is where kept answers are, lines come of it",
  fc.tuple(fc.integer(), fc.uint8Array({ maxLength: 300 })),
  ([state, bytes]) => {
    const memory = new Uint8Array(keptBytes);
    new DataView(memory.buffer).setInt32(0, state, true);
    memory.set(bytes, 8);
    const seen = readKeptAnswers((into) => into.set(memory.subarray(0, into.length)));
    assert.ok(seen.every((line) => !line.includes("\n")));
  },
);
