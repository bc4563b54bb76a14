import assert from "node:assert/strict";
import * as fc from "fast-check";
import { matcherOf } from "../../../src/base/names/patterns.ts";

Deno.test("a name fits a pattern as a whole, and * stands for any text, also for none", () => {
  const cases: readonly [pattern: string, name: string, fits: boolean][] = [
    ["alice", "alice", true],
    ["alice", "alice2", false],
    ["win-*", "win-7", true],
    ["win-*", "win-", true],
    ["win-*", "xwin-7", false],
    ["*", "", true],
    ["a*a", "a", false],
    ["a*b*c", "a-b-b-c", true],
    ["a.c", "abc", false],
  ];
  for (const [pattern, name, fits] of cases) {
    assert.equal(matcherOf([pattern])(name), fits, `${pattern} and ${name}`);
  }
  assert.equal(matcherOf([])("alice"), false, "no pattern is nobody");
});

Deno.test("patterns say the same as the regular expressions that they stand for", () => {
  const text = fc.stringMatching(/^[ab*]{0,8}$/);
  fc.assert(fc.property(text, fc.stringMatching(/^[ab]{0,10}$/), (pattern, name) => {
    const expression = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
    assert.equal(matcherOf([pattern])(name), expression.test(name));
  }));
});
