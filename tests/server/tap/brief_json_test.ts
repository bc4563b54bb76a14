import assert from "node:assert/strict";
import { exactNumber } from "../../../src/base/values/exact_numbers.ts";
import { briefJson, cut } from "../../../src/server/tap/brief_json.ts";

Deno.test("what is short is JSON whole", () => {
  for (
    const value of [[], {}, [1, "a\n\u2028", null, true], { a: { b: [[]] }, "ü": "你好" }, [{}], ""]
  ) {
    assert.equal(briefJson(value, 200), JSON.stringify(value));
  }
  assert.equal(briefJson([exactNumber("12345678901234567890")], 200), "[12345678901234567890]");
});

Deno.test("what is long is cut, and most of it is not looked at", () => {
  let looked = 0;
  const many = Array.from({ length: 100_000 }, () => ({
    get member() {
      looked++;
      return "x".repeat(50);
    },
  }));
  const text = briefJson(many, 100);
  assert.equal(text.length, 100);
  assert.match(text, /^\[\{"member":"x+"\},\{"member":".*\.\.\.$/);
  assert.ok(looked < 10);
  assert.equal(briefJson("y".repeat(1_000_000), 50).length, 50);
  assert.equal(briefJson({ ["k".repeat(1_000_000)]: 1 }, 50).length, 50);
});

Deno.test("half of a character is never shown", () => {
  assert.equal(cut("😀😀😀😀", 6), "😀...");
  assert.equal(cut("😀😀😀", 6), "😀😀😀");
});
