/** Procedures that do nothing: what is left is the way to a worker and back. */

import { defineProcedure, z } from "../../src/mod.ts";

const nothing = { input: z.tuple([]), output: z.null() };

/** Answered by a worker that takes many calls at once. */
export const noOpIo = defineProcedure({ ...nothing, kind: "io" }, () => null);

/** Answered with what it is given, by a worker that takes many calls at once. */
export const echoIo = defineProcedure(
  { input: z.tuple([z.string()]), output: z.string(), kind: "io" },
  ([text]) => text,
);

/** Answered by a worker that takes one at a time. */
export const noOpCpu = defineProcedure({ ...nothing, kind: "cpu" }, () => null);
