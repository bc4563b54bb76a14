/** The built-in procedures without their schemas. */

import type { ProcedureTraits } from "../types.ts";

/** Largest `n` of `fib`: the 78th Fibonacci number is the last one that a double holds exactly. */
export const fibMax = 78;

/** Largest `n` of `pi`. */
export const piTermsMax = 1_000_000_000;

/** The value of `n` in examples, which takes a moment to compute. */
export const examples = { pi: 1_000_000, fib: 32 } as const;

/** What the built-in procedures are besides functions and schemas. */
export const builtinTraits = {
  ping: {
    names: ["index"],
    kind: "inline",
    idempotent: true,
    description: "Answers pong, and the index if there is one",
    stream: false,
  },
  pi: {
    names: ["n"],
    kind: "cpu",
    idempotent: true,
    description: "Approximates pi with n terms of the Leibniz series 4 - 4/3 + 4/5 - ...",
    stream: false,
  },
  fib: {
    names: ["n"],
    kind: "cpu",
    idempotent: true,
    description: "The nth Fibonacci number by plain recursion: it is there to burn CPU",
    stream: false,
  },
} as const satisfies Record<string, ProcedureTraits>;

/** The function of `ping`. */
export function pong(index: number | undefined): string {
  return index === undefined ? "pong" : `pong ${index}`;
}

/** The function of `pi`. */
export function leibniz(n: number): number {
  let sum = 0;
  for (let term = 0, sign = 4; term < n; term++, sign = -sign) sum += sign / (2 * term + 1);
  return sum;
}

/** The function of `fib`. Never memoised: a benchmark of the servers wants the work done. */
export function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
