import assert from "node:assert/strict";
import { Members } from "../../../src/base/values/members.ts";

const members = new Members({ text: "abc", number: 1.5, list: ["a", 7], object: { inner: [] } });

Deno.test("Members gives back what is there and within bounds", () => {
  assert.equal(members.text("text", [1, 3]), "abc");
  assert.equal(members.number("number", [1.5, 1.5]), 1.5);
  assert.deepEqual(members.list("list", 2), ["a", 7]);
  assert.ok(members.optionalObject("object") instanceof Members);
});

Deno.test("Members gives back what is true and what is false, whatever the fallback", () => {
  const members = new Members({ yes: true, no: false });
  assert.deepEqual([members.boolean("yes"), members.boolean("no", true)], [true, false]);
  assert.equal(members.boolean("absent", true), true);
});

Deno.test("Members gives the fallback for what is not there, and only for that", () => {
  assert.equal(members.text("absent", [1, 3], ""), "");
  assert.equal(members.boolean("absent", true), true);
  assert.equal(members.optionalObject("absent"), undefined);
  assert.throws(() => members.text("number", [0, 9], "fallback"), TypeError);
  assert.throws(() => new Members({ a: null }).number("a", [0, 9], 1), TypeError);
});

Deno.test("Members says where something is wrong, and what it must be", () => {
  const cases: [() => unknown, RegExp][] = [
    [() => new Members([]), /^must be an object$/],
    [() => new Members(null, "a.0"), /^a\.0: must be an object$/],
    [() => members.text("text", [4, 9]), /^text: must be a text of 4 to 9 characters$/],
    [() => members.text("absent", [0, 9]), /^absent: must be a text/],
    [() => members.number("number", [2, 3]), /^number: must be a number from 2 to 3$/],
    [
      () => new Members({ n: Infinity }).number("n", [0, Number.MAX_VALUE]),
      /^n: must be a number of at least 0$/,
    ],
    [
      () => new Members({ n: "x" }).number("n", [-Number.MAX_VALUE, Number.MAX_VALUE]),
      /^n: must be a number$/,
    ],
    [
      () => new Members({ n: 8 }).number("n", [-Number.MAX_VALUE, 7]),
      /^n: must be a number of at most 7$/,
    ],
    [() => members.integer("number", [0, 9]), /^number: must be a whole number$/],
    [() => members.boolean("text"), /^text: must be true or false$/],
    [() => members.list("list", 1), /^list: must be a list of at most 1$/],
    [() => members.texts("list", 2, [1, 1]), /^list\.1: must be a text of 1 to 1 characters$/],
    [() => members.optionalObject("list"), /^list: must be an object$/],
    [
      () => members.optionalObject("object")?.text("inner", [0, 1]),
      /^object\.inner: must be a text/,
    ],
  ];
  for (const [read, message] of cases) assert.throws(read, { name: "TypeError", message });
});
