import assert from "node:assert/strict";
import { LentBytes } from "../../../src/base/spare_buffers.ts";
import { Pauses } from "../../../src/base/system/give_way.ts";
import {
  decodeAnyReply,
  encodeJsonResult,
  encodeRequest,
  encodeResult,
  encodeUnreadRequest,
} from "../../../src/wire/codec.ts";
import { decodeAnyRequest } from "../../../src/wire/requests/decode_request.ts";
import { BadMessage } from "../../../src/wire/requests/incoming.ts";
import { decodeRequest } from "../../support/decode_request.ts";
import type { Request, UnreadJson, UnreadRequest } from "../../../src/wire/message.ts";
import { textOf, textOfLine } from "../../../src/wire/unread/bytes.ts";
import {
  readParams,
  readRequestInTurns,
  readRequestUnread,
  readResultInTurns,
  readResultUnread,
} from "../../../src/wire/unread/read_unread.ts";
import * as fc from "../../support/fast_check.ts";
import {
  almost,
  comparable,
  edits,
  ids,
  methods,
  outcomeOf,
  runs,
  timeouts,
} from "../near_misses.ts";

/** Long enough to be left unread, with all that could be taken for its end. */
const longParams = fc.tuple(
  fc.constantFrom("x".repeat(300), `"],"id":9,"x":[${'\\\\"'.repeat(90)}`, "é".repeat(300)),
  fc.jsonValue(),
).map((values) => [...values]);

/** How a line comes: as text, or as bytes if it is very long. */
const forms: readonly ((line: string) => UnreadJson)[] = [(line) => line, bytesOf];

function bytesOf(text: string): LentBytes {
  return new LentBytes(new TextEncoder().encode(text));
}

Deno.test("parameters that are left unread mean what the general way reads, in the worker too", () => {
  const unreads = forms.map((form) => {
    let unreads = 0;
    fc.assert(
      fc.property(
        ids,
        methods,
        longParams,
        timeouts,
        edits,
        (id, method, given, timeoutMs, changes) => {
          const line = almost(encodeRequest(id, method, given, timeoutMs), changes).toWellFormed();
          const request = readRequestUnread(form(line));
          if (request?.unread === undefined) return;
          unreads++;
          const { unread, ...rest } = request;
          const sent = encodeUnreadRequest(7, request.method, unread);
          const handedOn = textOfLine(sent).slice(0, -1);
          const general = decodeAnyRequest(line);
          if (general instanceof BadMessage) {
            assert.deepEqual([general.id, general.error.name], [null, "ParseError"]);
            assert.throws(() => readParams(unread), { name: "ParseError" });
            const seen = decodeRequest(handedOn);
            assert.ok(seen instanceof BadMessage && seen.error.name === "ParseError", handedOn);
            return;
          }
          assert.deepEqual(
            comparable({ ...rest, params: readParams(unread) }),
            comparable(general),
          );
          const seen = decodeRequest(handedOn);
          const { params } = general as Request;
          assert.deepEqual(seen, { jsonrpc: "2.0", id: 7, method: request.method, params });
        },
      ),
      runs,
    );
    return unreads;
  });
  assert.ok(unreads.every((count) => count > 0), String(unreads));
});

Deno.test("a result that is left unread means what the general way reads", () => {
  const unreads = forms.map((form) => {
    let unreads = 0;
    fc.assert(
      fc.property(ids, longParams, edits, (id, result, changes) => {
        const line = almost(encodeResult(id, result), changes).toWellFormed();
        const unread = readResultUnread(form(line));
        if (unread === undefined) return;
        unreads++;
        const general = outcomeOf(decodeAnyReply, line);
        const handedOn = textOfLine(encodeJsonResult(7, unread.json)).slice(0, -1);
        const seen = outcomeOf(decodeAnyReply, handedOn);
        assert.deepEqual(
          seen,
          general !== null && typeof general === "object" && "result" in general
            ? { ...general, id: 7 }
            : general,
        );
      }),
      runs,
    );
    return unreads;
  });
  assert.ok(unreads.every((count) => count > 0), String(unreads));
});

Deno.test("bytes are left unread where the same text is, wherever in them something stands", () => {
  // Around the ends of parts: the first one's, of 64 KiB, and of 64 KiB behind the first one.
  const ends = [1_023, 65_535, 66_559];
  const befores = ends.flatMap((end) => Array.from({ length: 20 }, (_, i) => end - 10 + i));
  const marks = ["é世😀", '\\"', "\\\\", '\\\\\\"', "[[", '"],["', '","', "]]", '"],"id":9,"x":["'];
  for (const mark of marks) {
    for (const before of befores) {
      const params = `["${"x".repeat(before)}${mark}"]`;
      const line = `{"jsonrpc":"2.0","id":1,"method":"m","params":${params}}`;
      const ofText = readRequestUnread(line);
      const ofBytes = readRequestUnread(bytesOf(line));
      const unread = ofBytes?.unread && textOf(ofBytes.unread);
      assert.equal(unread === ofText?.unread, true, `${mark} at ${before}`);
      assert.equal(unread !== undefined, !mark.startsWith('"],"id"') && mark !== '"],["', mark);
    }
  }
});

Deno.test("bytes that are not UTF-8 are not left unread, and are told of (P-4)", () => {
  const line = encodeRequest(1, "m", ["x".repeat(70_000)], 5).slice(0, -1);
  for (const at of [500, 65_530, 65_582, 70_020]) {
    for (const bad of [[0xff], [0xe4, 0xb8], [0xc3], [0x80]]) {
      const bytes = bytesOf(line);
      bytes.bytes.set(bad, at);
      assert.equal(readRequestUnread(bytes), undefined);
      assert.throws(() => textOf(bytes), { name: "ParseError", message: /UTF-8/ });
    }
  }
});

Deno.test("a method whose name is not ASCII is read, also in bytes", () => {
  const line = encodeRequest(1, "größe", ["x".repeat(400)], 5).slice(0, -1);
  assert.equal(readRequestUnread(line)?.method, "größe");
  assert.equal(readRequestUnread(bytesOf(line)), undefined);
});

Deno.test("a method of the protocol's own is read whole, however long it is", () => {
  const line = (method: string) => encodeRequest(1, method, ["x".repeat(400)], 5).slice(0, -1);
  assert.notEqual(readRequestUnread(line("rpcs")), undefined);
  assert.equal(readRequestUnread(line("rpc.cancel")), undefined);
});

Deno.test("what is looked through in turns is taken for the same as what is looked through at once", async () => {
  await fc.assert(
    fc.asyncProperty(ids, methods, longParams, edits, async (id, method, given, changes) => {
      const pauses = new Pauses();
      const request = almost(encodeRequest(id, method, given), changes).toWellFormed();
      const asText = ({ unread, ...rest }: UnreadRequest) => ({
        ...rest,
        unread: unread && textOf(unread),
      });
      const atOnce = readRequestUnread(bytesOf(request));
      const inTurns = await readRequestInTurns(bytesOf(request), pauses);
      assert.deepEqual(inTurns && asText(inTurns), atOnce && asText(atOnce));

      const answer = almost(encodeResult(id, given), changes).toWellFormed();
      const result = readResultUnread(bytesOf(answer));
      const later = await readResultInTurns(bytesOf(answer), pauses);
      assert.deepEqual(
        later && [later.id, textOf(later.json)],
        result && [
          result.id,
          textOf(result.json),
        ],
      );
    }),
    { numRuns: 300 },
  );
});

Deno.test("a long text is passed over up to what is in it, wherever that stands", async () => {
  const plain = "x".repeat(200_000);
  const pieces = ['"],"id":9,"x":["', '\\"', "\\\\", "é", "\\", '"', "\xff"];
  for (const at of [0, 1_000, 65_535, 65_536, 131_071, 199_999]) {
    for (const piece of pieces) {
      const text = `["${plain.slice(0, at)}${piece}${plain.slice(at)}"]`;
      const line = `{"jsonrpc":"2.0","id":7,"method":"echo","params":${text}}`;
      const bytes = new LentBytes(Uint8Array.from(line, (character) => character.charCodeAt(0)));
      // Its bytes are not UTF-8 where it has characters of more than one.
      const isUtf8 = piece.charCodeAt(0) < 0x80;
      const asText = isUtf8 ? readRequestUnread(line) : undefined;
      const read = readRequestUnread(bytes);
      assert.equal(read === undefined, asText === undefined, `${piece} at ${at}`);
      const later = await readRequestInTurns(bytes, new Pauses());
      assert.equal(later === undefined, asText === undefined, `${piece} at ${at}, in turns`);
    }
  }
});

Deno.test("a parameter named __proto__ is left out of what was left unread, too, and beside any number", () => {
  for (const value of ["{}", '{"x":1.0}', `"${"x".repeat(300)}"`, `["${"x".repeat(300)}",1.0]`]) {
    const line = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":3,"__proto__":${value}}}`;
    assert.deepEqual((decodeRequest(line) as Request).params, { a: 3 });
    const unread = readRequestUnread(line)?.unread;
    assert.equal(unread !== undefined, value.length > 300);
    if (unread !== undefined) assert.deepEqual(readParams(unread), { a: 3 });
  }
});
