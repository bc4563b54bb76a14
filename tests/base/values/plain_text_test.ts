import assert from "node:assert/strict";
import {
  plainLine,
  plainText,
  toldText,
  withoutSecrets,
} from "../../../src/base/values/plain_text.ts";
import * as fc from "../../support/fast_check.ts";

Deno.test("what a terminal obeys or hides becomes visible", () => {
  const cases: readonly (readonly [text: string, plain: string])[] = [
    ["\x1b]0;title\x07", "\\u001b]0;title\\u0007"],
    ["\x9b2J", "\\u009b2J"],
    ["a\rb", "a\\u000db"],
    ["\x7f\b", "\\u007f\\u0008"],
    ["user\u202egnp.exe", "user\\u202egnp.exe"],
    ["\u2066a\u2069\u200f\u061c", "\\u2066a\\u2069\\u200f\\u061c"],
    ["a\u2028b\u200b\ufeff", "a\\u2028b\\u200b\\ufeff"],
    ["\u{e0041}", "\\udb40\\udc41"],
    // A name that looks like another one.
    ["fib\u3164\u115f\uffa0\u034f", "fib\\u3164\\u115f\\uffa0\\u034f"],
    ["f\u200dib\ufe00 \u{e0100}", "f\\u200dib\\ufe00 \\udb40\\udd00"],
    // A text behind a sign.
    ["\u2764\ufe0f\ufe0e\u200d", "\u2764\\ufe0f\\ufe0e\\u200d"],
  ];
  for (const [text, plain] of cases) {
    assert.equal(plainText(text), plain);
    assert.equal(plainLine(text), plain);
  }
});

Deno.test("what people write stays as it is", () => {
  for (
    const text of [
      "",
      "fib 10",
      "日本語",
      "naïve é",
      "👩‍💻 नमस्ते",
      "می‌خواهم",
      "\u2764\ufe0f\u200d\ud83d\udd25 葛\u{e0100}",
      "C:\\new",
    ]
  ) {
    assert.equal(plainText(text), text);
    assert.equal(plainLine(text), text);
  }
});

Deno.test("a text keeps its lines, and a line has none", () => {
  assert.equal(plainText("one\r\n\ttwo\n"), "one\n\ttwo\n");
  assert.equal(plainText("one\r\n\x1b"), "one\n\\u001b");
  assert.equal(plainLine("one\n\ttwo"), "one\\n\\ttwo");
});

Deno.test("JSON means the same afterwards, and any text has nothing unseen", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    assert.equal(JSON.parse(plainText(JSON.stringify(text))), text);
    assert.doesNotMatch(plainLine(text), /\p{Cc}|[\u2028-\u202e\u2066-\u2069]/u);
  }));
  // Each in a row of two, which nothing needs.
  const ignorable = /^[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Zl}\p{Zp}\ufff9-\ufffb]$/u;
  for (let code = 0; code <= 0xe1000; code += code === 0x1ffff ? 0xbe000 : 1) {
    const sign = String.fromCodePoint(code);
    const isShown = plainLine(`é${sign}${sign}`) === `é${sign}${sign}`;
    assert.equal(isShown, !ignorable.test(sign), code.toString(16));
  }
});

Deno.test("passwords in URLs, tokens of invitations and private keys are shown to nobody", () => {
  const token = "rpc-join-0123456789abcdef-AbCdEfGhIjKlMnOpQr_-12";
  const key = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----";
  const cases: readonly (readonly [said: string, shown: string])[] = [
    ["no zookeeper://me:p%40ss@a:2181/x", "no zookeeper://me:***@a:2181/x"],
    ["zookeepers://me:p@s:s@a,b:2181", "zookeepers://me:***@a,b:2181"],
    ['"ZooKeeper://me:a/b@h"', '"ZooKeeper://me:***@h"'],
    ["zookeper:/me:pw@h", "zookeper:/me:***@h"],
    ["a https://u:pw@h/p?q=1@2 b", "a https://u:***@h/p?q=1@2 b"],
    [`Unexpected argument "${token}".`, 'Unexpected argument "rpc-join-***".'],
    [`x ${key} y`, "x *** y"],
    [key.slice(0, 40), "***"],
  ];
  for (const [said, shown] of cases) assert.equal(withoutSecrets(said), shown);
});

Deno.test("what is no secret stays as it is", () => {
  for (
    const said of [
      "zookeeper://a:2181,b:2181: nobody; write to root@a",
      "https://jsr.io/@std/path@1.0.0/mod.ts",
      "https://host:443/@std/x",
      "static:127.0.0.1:1",
      "rpc-join-",
      "-----BEGIN CERTIFICATE-----",
      "alice@192.168.0.211:6666",
    ]
  ) assert.equal(withoutSecrets(said), said);
});

Deno.test("of a long text people are told the beginning, and how much more there is", () => {
  const whole = "é".repeat(6_000);
  assert.equal(toldText(whole), whole);
  assert.equal(toldText(`${whole}more`), `${whole}... (and 4 more characters)`);
  // Neither a pair of surrogates nor a secret is cut in two.
  assert.equal(
    toldText(`a${"👍".repeat(3_000)}`),
    `a${"👍".repeat(2_999)}... (and 2 more characters)`,
  );
  assert.equal(
    toldText(`${"x".repeat(5_970)} https://me:${"secret".repeat(9)}@host/`),
    `${"x".repeat(5_970)} https://me:***@host/`,
  );
});
