import assert from "node:assert/strict";
import { replacedBuiltin } from "../../../src/workers/child/replaced_builtins.ts";

Deno.test("what a worker cannot work with is told, and put back", async () => {
  assert.equal(await replacedBuiltin(), undefined);
  const own = { stringify: JSON.stringify, parse: JSON.parse, Promise };
  const prototypes = [Object, Array].map(({ prototype }) => prototype);
  const replacements: readonly (readonly [() => void, RegExp])[] = [
    ...prototypes.map((prototype) =>
      [
        () => void Object.assign(prototype, { toJSON: () => "odd" }),
        /JSON\.stringify writes/,
      ] as const
    ),
    [() => void (JSON.stringify = () => "{}"), /JSON\.stringify writes/],
    [() => void (JSON.parse = () => ({})), /JSON\.parse reads/],
    [() => void Object.assign(globalThis, { Promise: undefined }), /replaces Promise/],
  ];
  for (const [replace, problem] of replacements) {
    replace();
    assert.match(await replacedBuiltin() ?? "nothing", problem);
    assert.equal(await replacedBuiltin(), undefined);
    assert.deepEqual({ stringify: JSON.stringify, parse: JSON.parse, Promise }, own);
  }
});
