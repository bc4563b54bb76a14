import assert from "node:assert/strict";
import * as fc from "../support/fast_check.ts";
import { RpcError } from "../../src/base/errors.ts";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import { decodeReply, resultLine, toRpcError } from "../../src/wire/codec.ts";
import { longestMessages, type Refusal } from "../../src/wire/json.ts";
import "../../src/wire/longest/longest.ts";
import type { LongLine, Response, WireError } from "../../src/wire/message.ts";
import { printPieces } from "../../src/wire/longest/print_pieces.ts";
import { readPieces, UnheldError } from "../../src/wire/longest/read_pieces.ts";
import { parseExactly } from "../../src/wire/exact_json.ts";

const utf8 = new TextEncoder();

/** A value as text, with its numbers as they were written, or that it is not JSON. */
function outcomeOf(read: () => unknown): string {
  try {
    return JSON.stringify(read());
  } catch (error) {
    const isNotJson = error instanceof SyntaxError ||
      (error instanceof RpcError && error.name === "ParseError");
    if (isNotJson) return "not JSON";
    throw error;
  }
}

function assertReadAlike(text: string, pieceBytes: number): void {
  const bytes = utf8.encode(text);
  const read = outcomeOf(() => readPieces(bytes, { pieceBytes }));
  assert.equal(read, outcomeOf(() => parseExactly(text)), `${text} by ${pieceBytes}`);
}

const texts = [
  '{"a":1,"b":2,"a":3}',
  '{"__proto__":[1,2,3],"b":{"__proto__":4}}',
  '{"2":1,"1":2,"a":[]}',
  "[1e999,9007199254740993,1.0,-0,0.1]",
  '["\\ud800","\\ud83d\\ude00","\ud83d\ude00é\\n\\"\\\\","\\u00e9\\u0000"]',
  ' [ 1 , { "a" : [ ] , "b" : { } } , "" , null , true ] ',
  '"\\\\\\\\\\\\\\\\\\u0041\\\\"',
  '"' + "\ud83d\ude00".repeat(9) + '"',
  '[[[[["deep"]]]],{"a":{"b":{"c":"deep"}}}]',
  ...["[1,]", "[,1]", "[1,,2]", "[,]", "[1 2]", "[1]]", "[1}", '{"a":1]', '{"a"}', '{"a":}'],
  ...['{"a":1,}', "{,}", "{a:1}", '["a', '["a\\"]', '["\\x"]', '["\\u12"]', '["\n"]', "[NaN]"],
  ...["", " ", "[", "{", '{"a":', "[1", "tru", "1 2", '"a" "b"', "\ufeff[1]", "[01]", "['a']"],
  ...['{"aaaaaaaa" 1}', '{"aaaaaaaa":[1]"b":2}', "[[1] [2]]", "[[1,2],]", '{"a":[1,2],}'],
];

Deno.test("what is read in pieces is what is read as a whole, whatever is a piece", () => {
  for (const text of texts) {
    for (const pieceBytes of [1, 2, 3, 5, 8, 13, 100]) assertReadAlike(text, pieceBytes);
  }
  fc.assert(fc.property(
    fc.json({ maxDepth: 5 }),
    fc.nat(40),
    (text, pieceBytes) => assertReadAlike(text, pieceBytes + 1),
  ));
});

Deno.test("what is not quite JSON is refused in pieces as it is as a whole", () => {
  const changed = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom(...'[]{},:"\\ 1a'));
  fc.assert(fc.property(changed, fc.nat(9), ([text, place, character], pieceBytes) => {
    const at = place % text.length;
    assertReadAlike(text.slice(0, at) + character + text.slice(at + 1), pieceBytes + 1);
    assertReadAlike(text.slice(0, at) + text.slice(at + 1), pieceBytes + 1);
  }));
});

Deno.test("bytes that are not UTF-8 are refused in pieces", () => {
  const bytes = utf8.encode('["abcdefgh",["é"]]');
  bytes[bytes.indexOf(0xc3)] = 0xff;
  for (const pieceBytes of [1, 4, 100]) {
    assert.equal(outcomeOf(() => readPieces(bytes, { pieceBytes })), "not JSON");
  }
});

Deno.test("nesting is as deep as in any message, and no deeper (P-5)", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  for (const pieceBytes of [1, 16, 1000]) {
    assertReadAlike(nested(64), pieceBytes);
    assert.throws(() => readPieces(utf8.encode(nested(65)), { pieceBytes }), {
      name: "ParseError",
      message: "Cannot take JSON nested deeper than 64 levels",
    });
  }
});

Deno.test("a text that is longer than any can be is told with both lengths", () => {
  const read = (text: string) => readPieces(utf8.encode(text), { pieceBytes: 4, textMax: 10 });
  assert.deepEqual(read('["0123456789","\\n\\n\\n\\n\\n\\n\\n\\n\\n\\n"]'), [
    "0123456789",
    "\n".repeat(10),
  ]);
  for (const text of ['["a","0123456789a"]', '{"0123456789a":1}']) {
    assert.throws(() => read(text), (error: Error) => {
      assert.ok(error instanceof UnheldError);
      assert.match(
        error.message,
        /^a text of 11 bytes as JSON, and JavaScript holds 10 char.*parts/,
      );
      return true;
    });
  }
});

function printed(value: unknown, pieceLength: number, textMax: number): string {
  const json = printPieces(value, { levels: 62, bytesMax: 100_000, pieceLength, textMax });
  return new TextDecoder().decode((json as LentBytes).bytes);
}

Deno.test("what is printed in pieces is what JSON.stringify prints", () => {
  const own = JSON.parse('{"__proto__":[1,"two",{}],"b":{"__proto__":4}}');
  const dates = { a: new Date(0), b: [new Date(1), { c: undefined }], d: undefined };
  const values = [own, dates, ["\ud800", "\ud83d\ude00\ud83d\ude00", 'é\n"\\', "a\ud800"], [
    [[]],
    {},
  ]];
  for (const value of values) {
    for (const size of [1, 2, 3, 5, 8, 20]) {
      assert.equal(printed(value, size, 2 * size), JSON.stringify(value));
    }
  }
  const value = fc.jsonValue({ maxDepth: 4 }).filter((one) =>
    typeof one === "object" && one !== null
  );
  fc.assert(fc.property(value, fc.nat(30), (value, size) => {
    assert.equal(printed(value, size + 1, size + 8), JSON.stringify(value));
  }));
});

Deno.test("what has more bytes than the peer takes is counted, and what is too deep is told", () => {
  const value = ["é".repeat(50), { a: "\ud83d\ude00".repeat(20) }];
  const { length } = utf8.encode(JSON.stringify(value));
  for (const bytesMax of [0, 1, 60, 61, length - 1]) {
    const options = { levels: 62, bytesMax, pieceLength: 7, textMax: 30 };
    assert.deepEqual(printPieces(value, options), { unprinted: length });
  }
  const options = { bytesMax: 1000, pieceLength: 7, textMax: 30 };
  assert.deepEqual(printPieces(value, { ...options, levels: 1 }), { unprinted: "too deep" });
  assert.ok(!("unprinted" in printPieces(value, { ...options, levels: 2 })));
});

const { readReply, readRequest } = longestMessages() as NonNullable<
  ReturnType<typeof longestMessages>
>;

const lent = (text: string) => new LentBytes(utf8.encode(text));

Deno.test("a request is read from its bytes as it is from its text", () => {
  const text = '{"jsonrpc":"2.0","method":"f","id":7,"params":[1e999,"a"],"meta":{"timeoutMs":5}}';
  assert.equal(JSON.stringify(readRequest(lent(text))), text);
  const named = '{"jsonrpc":"2.0","method":"f","id":7,"params":{"a":1,"__proto__":2}}';
  assert.equal(JSON.stringify(readRequest(lent(named))), named.replace(',"__proto__":2', ""));
  const refusalOf = (line: string) => {
    const { id, error } = readRequest(lent(line)) as Refusal;
    return [id, error.name];
  };
  const notJson = '{"jsonrpc":"2.0","id":7,"method":"f","params":[}';
  assert.deepEqual(refusalOf(notJson), [7, "ParseError"]);
  assert.deepEqual(refusalOf('{"jsonrpc":"2.0","id":7}'), [null, "InvalidRequest"]);
});

Deno.test("an answer is read from its bytes as it is from its text", () => {
  const lines = [
    '{"jsonrpc":"2.0","id":7,"result":[9007199254740993,{"__proto__":1}]}',
    '{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"m"}}',
    '{"jsonrpc":"2.0","method":"rpc.item","params":{"id":7,"items":[1.0]}}',
  ];
  for (const line of lines) {
    assert.equal(JSON.stringify(readReply(lent(line))), JSON.stringify(decodeReply(line)));
  }
  assert.throws(() => readReply(lent("[1]")), { name: "InvalidRequest" });
});

Deno.test("what JavaScript cannot hold costs one call", () => {
  const options = { pieceBytes: 4, textMax: 20 };
  const why = "a text of 21 bytes as JSON, and JavaScript holds 20 characters: pass it in parts, " +
    "as a list of texts or a stream";
  const long = `["${"x".repeat(21)}"]`;
  const request = `{"jsonrpc":"2.0","id":7,"method":"f","params":${long}}`;
  const { id, error } = readRequest(lent(request), options) as Refusal;
  assert.deepEqual([id, error.name, error.executed], [7, "InvalidParams", "no"]);
  assert.equal(error.message, `Cannot take the parameters: they have ${why}`);
  const line = `{"jsonrpc":"2.0","id":7,"result":${long}}`;
  const answer = readReply(lent(line), options) as Response;
  const { name, message, executed } = toRpcError(answer.error as WireError);
  assert.deepEqual([answer.id, name, executed], [7, "InternalError", "yes"]);
  assert.equal(message, `Cannot take the result: it has ${why}`);
});

Deno.test("no more values are read than may be sent", () => {
  const options = { pieceBytes: 20, valuesMax: 100 };
  const read = (count: number) => readPieces(utf8.encode(`[${"0,".repeat(count - 1)}0]`), options);
  assert.equal((read(90) as unknown[]).length, 90);
  const message = "more than 100 values: pass them in parts, or as a stream";
  assert.throws(() => read(101), { message });
});

Deno.test("what JSON.stringify cannot put into one text is printed in pieces (P-17)", () => {
  const bound = (bytes: number) => ({ bytes, whose: "that anybody takes" });
  const line = (bytes: number) => {
    let calls = 0;
    const toJSON = () => {
      if (calls++ === 0) throw new RangeError("Invalid string length");
      return "é";
    };
    return resultLine(7, [{ toJSON }], bound(bytes));
  };
  const { head, body, tail } = line(44) as LongLine<LentBytes>;
  const printed = head + new TextDecoder().decode(body.bytes) + tail;
  assert.equal(printed, '{"jsonrpc":"2.0","id":7,"result":["é"]}\n');
  const message =
    "Cannot send a result: it is 41 bytes long, and 40 is the most that anybody takes";
  for (const bytes of [1, 40]) {
    assert.throws(() => line(bytes), { message: message.replace("40", String(bytes)) });
  }
});
