import type { Procedure } from "../types.ts";
import {
  builtinTraits,
  examples,
  fibMax,
  fibonacci,
  leibniz,
  piTermsMax,
  pong,
} from "./builtin_parts.ts";
import { type AnyProcedures, PlainProcedure } from "./plain_procedure.ts";

/** The name of a built-in procedure. */
type Name = keyof typeof builtinTraits;

/** What is the same of all. */
function parts(name: Name) {
  return {
    ...builtinTraits[name],
    isOpen: false,
    load: async (): Promise<Procedure> => (await import("../builtin.ts")).builtin[name],
  };
}

function integer(minimum: number, maximum: number, required: boolean, example?: number) {
  return {
    required,
    schema: {
      ...(example === undefined ? {} : { examples: [example] }),
      type: "integer",
      minimum,
      maximum,
    },
    takes: (value: unknown) =>
      Number.isSafeInteger(value) && value as number >= minimum && value as number <= maximum,
  };
}

/** The built-in procedures as they can be called without zod. */
export const plainBuiltin = {
  ping: new PlainProcedure({
    ...parts("ping"),
    params: [integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, false)],
    result: { type: "string" },
    run: ([index]) => pong(index as number | undefined),
  }),
  pi: new PlainProcedure({
    ...parts("pi"),
    params: [integer(0, piTermsMax, true, examples.pi)],
    result: { type: "number" },
    run: ([n]) => leibniz(n as number),
  }),
  fib: new PlainProcedure({
    ...parts("fib"),
    params: [integer(0, fibMax, true, examples.fib)],
    result: { type: "number" },
    run: ([n]) => fibonacci(n as number),
  }),
} satisfies AnyProcedures;
