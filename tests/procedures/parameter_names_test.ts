import assert from "node:assert/strict";
import { parameterNames } from "../../src/procedures/parameter_names.ts";

Deno.test("parameterNames() reads the names from a function's source", () => {
  const cases: [CallableFunction, string[]][] = [
    [function add(a: number, b: number) {
      return a + b;
    }, ["a", "b"]],
    [async function later(what: string, delayMs = 10) {
      return await [what, delayMs];
    }, ["what", "delayMs"]],
    [function* count(max: number) {
      yield max;
    }, ["max"]],
    [(x: number) => x, ["x"]],
    [(x: number, ...others: number[]) => [x, others], ["x"]],
    [async (x: number, label = "none") => await [x, label], ["x", "label"]],
    [(...all: number[]) => all, []],
    [() => 1, []],
  ];
  for (const [value, names] of cases) assert.deepEqual(parameterNames(value), names, String(value));
});

Deno.test("parameterNames() numbers what has no plain name", () => {
  const cases: [CallableFunction, string[]][] = [
    [({ width }: { width: number }, factor: number) => width * factor, ["arg1", "arg2"]],
    [(point = { x: 1, y: 2 }) => point, []],
    [((a: number, b: number) => a + b).bind(undefined), ["arg1", "arg2"]],
    [Math.max, ["arg1", "arg2"]],
  ];
  for (const [value, names] of cases) assert.deepEqual(parameterNames(value), names, String(value));
});
