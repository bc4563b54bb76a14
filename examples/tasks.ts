/** Procedures of one's own: rpc serve 127.0.0.1 0 examples/tasks.ts */

import { defineProcedure, z } from "rpc";

/**
 * With schemas: what callers give is checked, `rpc methods` tells of it, a client is typed by it.
 */
export const resize = defineProcedure({
  input: z.object({
    width: z.int().positive(),
    height: z.int().positive(),
    scale: z.number().positive().max(8).default(0.5),
  }),
  output: z.object({ width: z.int(), height: z.int() }),
  kind: "cpu",
  idempotent: true,
  description: "The size of a picture after it was scaled",
}, ({ width, height, scale }) => ({
  width: Math.round(width * scale),
  height: Math.round(height * scale),
}));

/** A function that mostly waits is `io`: one worker runs many at once. */
export const sleep = defineProcedure({
  input: z.tuple([z.number().min(0).max(60_000)]),
  names: ["delayMs"],
  output: z.null(),
  kind: "io",
  idempotent: true,
  description: "Waits, unless the caller gives up",
}, async ([delayMs], { signal }) => {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return null;
});

// A plain function: any JSON in, any JSON out. Its comment is what `rpc methods` says of it.
/** The sum of two numbers. */
export function add(a: number, b: number): number {
  return a + b;
}
