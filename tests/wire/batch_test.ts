import assert from "node:assert/strict";
import { RpcError } from "../../src/base/errors.ts";
import { messageMaxDefault } from "../../src/base/limits.ts";
import { shuffled } from "../../src/base/random.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { BatchLine, withoutResults } from "../../src/wire/batch.ts";
import { boundOfServer } from "../../src/wire/message_bound.ts";
import { encodeError, encodeResult } from "../../src/wire/codec.ts";

function batchOf(lines: readonly string[]): string {
  const batch = new BatchLine(boundOfServer());
  for (const line of lines) batch.add(line);
  return batch.encode();
}

function byteLength(line: string): number {
  return new TextEncoder().encode(line).length;
}

Deno.test("answers too long for one batch: the longest give way, the others arrive (P-28)", () => {
  const long = (length: number) => "€".repeat(length);
  // Our own errors are never so long.
  const late = { code: -32001, data: { executed: "no" } };
  const lines = [
    encodeResult(1, "short"),
    encodeResult(2, long(1_200_000)),
    `${JSON.stringify({ jsonrpc: "2.0", id: 3, error: { ...late, message: long(1_100_000) } })}\n`,
    encodeResult("four", long(700_000)),
  ];
  const line = batchOf(lines);
  assert.ok(byteLength(line) <= messageMaxDefault);
  const told = (index: number) =>
    `Cannot send this answer: its ${byteLength(lines[index] as string)} bytes and the others of ` +
    `its batch are more than ${messageMaxDefault}, the most that this server takes and sends ` +
    "(rpc serve --message-max, or messageMax)";
  const data = (executed: string) => ({ code: -32603, data: { executed } });
  assert.deepEqual(JSON.parse(line), [
    { jsonrpc: "2.0", id: 1, result: "short" },
    { jsonrpc: "2.0", id: 2, error: { message: told(1), ...data("yes") } },
    // The call that never ran still says so.
    { jsonrpc: "2.0", id: 3, error: { message: told(2), ...data("no") } },
    { jsonrpc: "2.0", id: "four", result: long(700_000) },
  ]);
});

Deno.test("answers that fill a batch to the last byte all arrive (P-28)", () => {
  const first = encodeResult(1, "");
  // Brackets and line feed: three bytes; the answers' two line feeds make room for a comma.
  const room = messageMaxDefault - 2 * byteLength(first) - 3 + 2 - 1;
  const half = Math.floor(room / 2);
  const filled = (extra: number) =>
    batchOf([
      encodeResult(1, "a".repeat(half)),
      encodeResult(1, "b".repeat(room - half + extra)),
    ]);
  assert.equal(byteLength(filled(0)), messageMaxDefault);
  assert.equal(filled(0).includes("error"), false);
  assert.equal(filled(1).includes("error"), true);
});

Deno.test("the longest answers give way, in whatever order they come (P-28)", () => {
  const random = seededRandom(28);
  // Together twice a message: the upper ones have to go, each 20,000 bytes shorter than the one
  // before.
  const lengths = Array.from({ length: 28 }, (_, index) => 560_000 - index * 20_000);
  for (let round = 0; round < 10; round++) {
    const line = batchOf(
      shuffled(random, lengths).map((length) => encodeResult(length, "x".repeat(length))),
    );
    assert.ok(byteLength(line) <= messageMaxDefault);
    const answers = JSON.parse(line) as { id: number; result?: string }[];
    const kept = answers.filter(({ result }) => result !== undefined).map(({ id }) => id);
    assert.equal(answers.length, lengths.length);
    assert.deepEqual(kept.toSorted((a, b) => b - a), lengths.slice(-kept.length));
    // The next longer one would not have fitted.
    const next = lengths[lengths.length - kept.length - 1] as number;
    assert.ok(byteLength(line) + next > messageMaxDefault);
  }
});

Deno.test("answers that nothing can make shorter do not keep a batch from leaving", () => {
  const id = "i".repeat(256);
  const line = encodeError(id, new RpcError("ParseError", "x"));
  const count = Math.ceil(messageMaxDefault / line.length) + 1;
  assert.equal(JSON.parse(batchOf(Array.from({ length: count }, () => line))).length, count);
});

Deno.test("an answer that gives way is not read for that, however long it is", () => {
  const ids = [1, -7, 1.5e300, "four", 'a"\\b\u2028", "result":', "", null];
  const parse = JSON.parse;
  const read: number[] = [];
  let answers: { readonly id: unknown; readonly error?: { readonly data: unknown } }[];
  JSON.parse = (text: string) => {
    read.push(text.length);
    return parse(text);
  };
  try {
    const lines = ids.map((id) => encodeResult(id, "x".repeat(2_000_000)));
    answers = parse(batchOf(lines));
  } finally {
    JSON.parse = parse;
  }
  assert.ok(read.every((length) => length < 100), `${read}`);
  assert.deepEqual(answers.map(({ id }) => id), ids);
  const replaced = answers.flatMap(({ error }) => error === undefined ? [] : [error.data]);
  assert.deepEqual(replaced, Array(ids.length - 2).fill({ executed: "yes" }));
});

Deno.test("where a whole batch has no room each of its calls is told so, and whether it ran", () => {
  const lines = [
    encodeResult(1, "x"),
    encodeError("two", new RpcError("Overloaded", "later", { executed: "no" })),
    encodeError(null, new RpcError("DeadlineExceeded", "late", { executed: "maybe" })),
  ];
  const answers = JSON.parse(withoutResults(batchOf(lines), "there is no room")) as {
    readonly id: unknown;
    readonly error: { readonly message: string; readonly data: unknown };
  }[];
  assert.deepEqual(answers.map(({ id, error }) => [id, error.data]), [
    [1, { executed: "yes" }],
    ["two", { executed: "no" }],
    [null, { executed: "maybe" }],
  ]);
  for (const { error } of answers) assert.match(error.message, /there is no room$/);
});
