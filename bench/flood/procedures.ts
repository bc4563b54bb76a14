/** What the flooded server offers, beside its built-in procedures. */

import { defineProcedure, z } from "../../src/mod.ts";

const io = { kind: "io" } as const;

/** A long answer. */
export const text = defineProcedure(
  { ...io, input: z.tuple([z.int()]), output: z.string() },
  ([length]) => "x".repeat(length),
);

/** A short answer to long parameters. */
export const length = defineProcedure(
  { ...io, input: z.tuple([z.string()]), output: z.int() },
  ([text]) => text.length,
);

/** No answer until the deadline. */
export const hang = defineProcedure(
  { ...io, input: z.tuple([z.string()]), output: z.null() },
  () => new Promise<null>(() => {}),
);

/** Parameters that are checked by zod. */
export const typed = defineProcedure(
  {
    ...io,
    input: z.tuple([
      z.object({ name: z.string(), tags: z.array(z.string()), on: z.boolean() }),
    ]),
    output: z.null(),
  },
  () => null,
);

/** Parameters that are checked by what their types say. */
export function plain(_: { name: string; tags: string[]; on: boolean }): null {
  return null;
}

/** A stream. */
export async function* count(to: number): AsyncGenerator<number> {
  for (let i = 0; i < to; i++) yield await Promise.resolve(i);
}
