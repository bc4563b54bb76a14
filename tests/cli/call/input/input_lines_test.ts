import assert from "node:assert/strict";
import { messageMaxDefault } from "../../../../src/base/limits.ts";
import { randomInt } from "../../../../src/base/random.ts";
import { seededRandom } from "../../../support/seeded_random.ts";
import { type InputLine, InputLines } from "../../../../src/cli/call/input/input_lines.ts";

/** An input that is read in pieces of the lengths that `pieceOf` says. */
function linesOf(input: string | Uint8Array, pieceOf: () => number = () => 65_536): InputLines {
  let rest = typeof input === "string" ? new TextEncoder().encode(input) : input;
  return new InputLines({
    read(buffer) {
      if (rest.length === 0) return Promise.resolve(null);
      const length = Math.min(pieceOf(), buffer.length, rest.length);
      assert.ok(length > 0, "it reads into no room");
      buffer.set(rest.subarray(0, length));
      rest = rest.subarray(length);
      return Promise.resolve(length);
    },
  });
}

async function all(lines: InputLines): Promise<[number, string][]> {
  const found: InputLine[] = [];
  while (true) {
    const line = lines.take();
    if (line !== undefined) found.push(line);
    else if (lines.isEnded) break;
    else await lines.more();
  }
  return found.map(({ number, content }) => [
    number,
    "text" in content ? content.text : `! ${content.fault}`,
  ]);
}

Deno.test("lines are numbered over blank ones, with LF, CRLF, none at the end, and a byte order mark", async () => {
  assert.deepEqual(await all(linesOf("\ufeff1\n\n  \r\n[2]\r\n{}")), [[1, "1"], [4, "[2]"], [
    5,
    "{}",
  ]]);
  assert.deepEqual(await all(linesOf("")), []);
  assert.deepEqual(await all(linesOf("\n\n")), []);
});

Deno.test("the same lines come out however the input is cut", async () => {
  const text = Array.from({ length: 200 }, (_, i) => i % 7 === 0 ? "" : `"${"ü".repeat(i)}"`);
  const expected = text.flatMap((line, i) => line === "" ? [] : [[i + 1, line]]);
  const seed = 20;
  const random = seededRandom(seed);
  for (const pieceOf of [() => 1, () => 2, () => 1 + randomInt(random, 500)]) {
    assert.deepEqual(await all(linesOf(text.join("\n"), pieceOf)), expected, `seed ${seed}`);
  }
});

Deno.test("a line that is too long or not UTF-8 costs itself only", async () => {
  const long = "x".repeat(messageMaxDefault + 1);
  const fault = `! is longer than ${messageMaxDefault} bytes: see --message-max`;
  for (const pieceOf of [() => 65_536, () => 1_000_000]) {
    assert.deepEqual(await all(linesOf(`1\n${long}\n2\n${long}${long}`, pieceOf)), [
      [1, "1"],
      [2, fault],
      [3, "2"],
      [4, fault],
    ]);
  }
  const longest = "x".repeat(messageMaxDefault);
  assert.deepEqual(await all(linesOf(`${longest}\n1`)), [[1, longest], [2, "1"]]);
  assert.deepEqual(await all(linesOf(new Uint8Array([0x31, 10, 0xff, 10, 0x32]))), [
    [1, "1"],
    [2, "! is not UTF-8"],
    [3, "2"],
  ]);
});

Deno.test("several may wait for more, and stop() lets them go", async () => {
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let reads = 0;
  const lines = new InputLines({ read: () => (reads++, promise) });
  const waiting = [lines.more(), lines.more()];
  assert.equal(reads, 1);
  lines.stop();
  await Promise.all(waiting);
  assert.equal(lines.take(), undefined);
  const again = lines.more();
  resolve(null);
  await again;
  assert.ok(lines.isEnded);
});

Deno.test("an input that cannot be read rejects", async () => {
  const lines = new InputLines({ read: () => Promise.reject(new Error("no disk")) });
  await assert.rejects(lines.more(), /no disk/);
});

Deno.test("an input in UTF-16 is refused in that word, whatever its order and its mark", async () => {
  const utf16 = (text: string, isLittle: boolean) =>
    Uint8Array.from(text, (character) => character.charCodeAt(0)).reduce<number[]>(
      (bytes, code) => [...bytes, ...(isLittle ? [code, 0] : [0, code])],
      [],
    );
  for (const isLittle of [true, false]) {
    const text = utf16("[1]\r\n[2]\r\n", isLittle);
    for (const mark of [[], isLittle ? [0xff, 0xfe] : [0xfe, 0xff]]) {
      for (const piece of [1, 3, 65_536]) {
        const lines = linesOf(Uint8Array.from([...mark, ...text]), () => piece);
        await assert.rejects(all(lines), /^Error: it is UTF-16, and must be UTF-8/);
      }
    }
  }
  assert.deepEqual(await all(linesOf("\n\n[1]\n", () => 1)), [[3, "[1]"]]);
});
