import assert from "node:assert/strict";
import { messageMaxLeast } from "../../../src/base/limits.ts";
import { type AnyLine, LineSplitter } from "../../../src/wire/lines.ts";
import { boundOfServer } from "../../../src/wire/message_bound.ts";
import { LongAnswers, readAnswer, UnfitAnswer } from "../../../src/workers/process/answers.ts";
import { textOf } from "../../../src/wire/unread/bytes.ts";

const bound = boundOfServer(messageMaxLeast);

function told(line: AnyLine): unknown {
  if (!(line instanceof UnfitAnswer)) return line instanceof Error ? line : textOf(line);
  return [line.id, line.message, line.inPlace.name, line.inPlace.executed, line.inPlace.message];
}

Deno.test("an answer that is too long is passed over, counted, and known by its beginning (P-17)", () => {
  const most = `${messageMaxLeast} is the most that this server takes and sends (rpc serve ` +
    "--message-max, or messageMax)";
  const long = "x".repeat(messageMaxLeast);
  const heads: [head: string, id: number | undefined, what: string][] = [
    ['{"jsonrpc":"2.0","id":7,"result":"', 7, "a result"],
    [' { "jsonrpc" : "2.0", "id": 12, "error":{"code":1,"message":"', 12, "an error"],
    ['{"id":3,"jsonrpc":"2.0","result":"', 3, "a result"],
    ['{"id":3,"result":"', 3, "a result"],
    ['{"jsonrpc":"2.0","method":"rpc.item","params":{"id":3,"items":["', 3, "items"],
    [' { "method": "rpc.item", "jsonrpc": "2.0", "params": { "id": 3, "items": ["', 3, "items"],
    // Whose these are cannot be seen: the rest may say something else.
    ['{"result":{"id":3},"x":"', undefined, "a result"],
    ['{"jsonrpc":"2.0","method":"rpc.item","params":{"items":["', undefined, "a result"],
    ['{"jsonrpc":"2.0","id":3,"x":"', undefined, "a result"],
  ];
  for (const [head, id, what] of heads) {
    const answer = `${head}${long}"}\n`;
    const bytes = new TextEncoder().encode(`"before"\n${answer}"after"\r\n${answer}"last"\n"pa`);
    const cutAnswer = [
      id,
      `Cannot take an answer: it is ${answer.length} bytes long, and ${most}`,
      "InternalError",
      "yes",
      `Cannot send ${what}: ${
        what === "items" ? "their message" : "it"
      } is ${answer.length} bytes long, and ${most}`,
    ];
    for (const size of [65_536, 65_521, 999]) {
      const splitter = new LineSplitter(bound.bytes);
      const answers = new LongAnswers(splitter, bound);
      const lines: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        lines.push(...answers.pushLong(bytes.slice(at, at + size)).map(told));
        assert.ok(splitter.heldBytes <= 2 * messageMaxLeast);
      }
      assert.deepEqual(lines, ['"before"', cutAnswer, '"after"\r', cutAnswer, '"last"']);
      assert.equal(splitter.partialBytes, 3);
    }
  }
});

Deno.test("an answer just as long as it may be is taken", () => {
  const line = `"${"x".repeat(messageMaxLeast - 3)}"\n`;
  for (const [text, isFit] of [[line, true], [` ${line}`, false]] as const) {
    const answers = new LongAnswers(new LineSplitter(bound.bytes), bound);
    const bytes = new TextEncoder().encode(text);
    const lines: AnyLine[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) {
      lines.push(...answers.pushLong(bytes.slice(at, at + 65_536)));
    }
    assert.equal(lines.length, 1);
    assert.equal(lines[0] instanceof UnfitAnswer, !isFit);
  }
});

Deno.test("an answer that is nested too deep is known by its beginning (P-17)", () => {
  const nested = "[".repeat(64) + "]".repeat(64);
  const thrown = (line: string) => {
    try {
      return readAnswer(line);
    } catch (error) {
      return error;
    }
  };
  const deep = thrown(`{"jsonrpc":"2.0","id":5,"result":${nested}}`);
  assert.ok(deep instanceof UnfitAnswer);
  assert.deepEqual([deep.id, deep.inPlace.message], [
    5,
    "Cannot send a result: it is nested too deep: a message has 64 levels",
  ]);
  const other = thrown('{"jsonrpc":"2.0","id":5,"result":}');
  assert.equal(other instanceof UnfitAnswer, false);
  assert.match(String(other), /not JSON/);
});
