import * as z from "zod";
import { defineProcedure, type Procedures } from "./procedure.ts";

/** Largest `n` of `fib`: the 78th Fibonacci number is the last one that a double holds exactly. */
const fibMax = 78;

/** Largest `n` of `pi`. */
const piTermsMax = 1_000_000_000;

const ping = defineProcedure({
  input: z.tuple([z.int().optional()]),
  names: ["index"],
  output: z.string(),
  kind: "inline",
  idempotent: true,
  description: "Answers pong, and the index if there is one",
}, ([index]) => index === undefined ? "pong" : `pong ${index}`);

const pi = defineProcedure({
  input: z.tuple([z.int().min(0).max(piTermsMax).meta({ examples: [1_000_000] })]),
  names: ["n"],
  output: z.number(),
  idempotent: true,
  description: "Approximates pi with n terms of the Leibniz series 4 - 4/3 + 4/5 - ...",
}, ([n]) => {
  let sum = 0;
  for (let term = 0, sign = 4; term < n; term++, sign = -sign) sum += sign / (2 * term + 1);
  return sum;
});

const fib = defineProcedure({
  input: z.tuple([z.int().min(0).max(fibMax).meta({ examples: [32] })]),
  names: ["n"],
  output: z.number(),
  idempotent: true,
  description: "The nth Fibonacci number by plain recursion: it is there to burn CPU",
}, ([n]) => fibonacci(n));

/** Not memoised: it is there to take time. */
function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/** The procedures that every server offers by default. */
export const builtin = { ping, pi, fib } satisfies Procedures;
