/** What a caller may give to a procedure. */

import assert from "node:assert/strict";
import * as z from "zod";
import { RpcError } from "../../src/base/errors.ts";
import { type CallParams, InputReader } from "../../src/procedures/params.ts";
import { defineProcedure } from "../../src/procedures/procedure.ts";
import * as fc from "../support/fast_check.ts";
import { jsonNear } from "./arbitraries.ts";
import { fuzz, mayThrow } from "./fuzz.ts";

const point = z.object({
  x: z.number().min(0),
  name: z.string().min(1).max(8).regex(/^[a-z]+$/),
  tags: z.array(z.string().max(4)).max(3).optional(),
  kind: z.enum(["a", "b"]).or(z.null()),
});

const output = z.unknown();
const readers = [
  defineProcedure({ input: z.tuple([point, z.int().optional()]), output }, () => null),
  defineProcedure({ input: point, output }, () => null),
  defineProcedure({ input: z.tuple([z.email(), z.iso.date()]).rest(point), output }, () => null),
  defineProcedure({
    input: z.object({ all: z.record(z.string().max(3), z.set(z.number()).min(1)).optional() }),
    output,
  }, () => null),
].map((procedure) => new InputReader(procedure));

const sound = { x: 1, name: "abc", tags: ["a", "b"], kind: "a" };

fuzz(
  "parameters are what a procedure takes, or refused as a mistake of the caller's",
  fc.tuple(
    fc.constantFrom(...readers),
    jsonNear([sound, 3], [sound], sound, { all: { a: [1] } }, [
      "a@b.de",
      "2026-01-01",
      sound,
      sound,
    ]),
  ),
  ([reader, json]) => {
    const params = JSON.parse(json || "[]");
    if (typeof params !== "object" || params === null) return;
    mayThrow(RpcError, () => {
      try {
        reader.read("it", params as CallParams);
      } catch (error) {
        assert.ok(error instanceof RpcError && error.name === "InvalidParams", `${error}`);
        throw error;
      }
    });
  },
);
