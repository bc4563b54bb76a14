import assert from "node:assert/strict";
import { callerMatcherOf, isCallerPattern, matcherOf } from "../../../src/base/names/patterns.ts";
import * as fc from "../../support/fast_check.ts";

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

Deno.test("names of callers fit in any case of letters, and what none can have is no pattern", () => {
  assert.ok(callerMatcherOf(["win-*"])("WIN-7"));
  assert.ok(callerMatcherOf(["Alice"])("alice"));
  assert.ok(!callerMatcherOf(["alice"])("alicia"));
  for (const good of ["alice", "win-*", "*", "a.b_c-1"]) assert.ok(isCallerPattern(good), good);
  const odd = ["", "!alice", "alice bob", "a,b", '"alice"', "alice;", "b?b", "ünï", "a\u202eb"];
  for (const other of odd) assert.ok(!isCallerPattern(other), other);
});

Deno.test("patterns say the same as the regular expressions that they stand for", () => {
  const text = fc.stringMatching(/^[ab*]{0,8}$/);
  fc.assert(fc.property(text, fc.stringMatching(/^[ab]{0,10}$/), (pattern, name) => {
    const expression = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
    assert.equal(matcherOf([pattern])(name), expression.test(name));
  }));
});
