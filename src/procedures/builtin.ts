import * as z from "zod";
import {
  builtinTraits,
  examples,
  fibMax,
  fibonacci,
  leibniz,
  piTermsMax,
  pong,
} from "./plain/builtin_parts.ts";
import { defineProcedure, type Procedures } from "./procedure.ts";

const ping = defineProcedure({
  ...builtinTraits.ping,
  input: z.tuple([z.int().optional()]),
  output: z.string(),
}, ([index]) => pong(index));

const pi = defineProcedure({
  ...builtinTraits.pi,
  input: z.tuple([z.int().min(0).max(piTermsMax).meta({ examples: [examples.pi] })]),
  output: z.number(),
}, ([n]) => leibniz(n));

const fib = defineProcedure({
  ...builtinTraits.fib,
  input: z.tuple([z.int().min(0).max(fibMax).meta({ examples: [examples.fib] })]),
  output: z.number(),
}, ([n]) => fibonacci(n));

/** The procedures that every server offers by default. */
export const builtin = { ping, pi, fib } satisfies Procedures;
