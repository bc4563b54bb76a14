/** Procedures that return what they are given: what is left is the way to a worker and back. */

import { defineProcedure, z } from "../../src/mod.ts";

const index = { input: z.tuple([z.int()]), output: z.int() };

/** Answered by a worker that takes many calls at once. */
export const sameIo = defineProcedure({ ...index, kind: "io" }, ([index]) => index);

/** The same with a text. */
export const echoIo = defineProcedure(
  { input: z.tuple([z.string()]), output: z.string(), kind: "io" },
  ([text]) => text,
);

/** Answered by a worker that takes one at a time. */
export const sameCpu = defineProcedure({ ...index, kind: "cpu" }, ([index]) => index);
