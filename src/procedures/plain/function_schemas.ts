import * as z from "zod";
import { isGenerator, parametersOf } from "../parameter_names.ts";
import { defineProcedure } from "../procedure.ts";
import type { Procedure } from "../types.ts";

/** A user's function as a procedure with schemas that accept any JSON. */
export function functionWithSchemas(value: CallableFunction): Procedure {
  const parameters = parametersOf(value);
  const items = parameters.map(({ fallback }, index) => {
    if (index < value.length) return z.unknown();
    const item = z.unknown().optional();
    return fallback === undefined ? item : item.meta({ default: fallback.value });
  });
  return defineProcedure({
    // The types of zod's tuple() need to know the number of items.
    input: z.tuple(items as [z.ZodUnknown], z.unknown()),
    names: parameters.map(({ name }) => name),
    output: z.unknown(),
    stream: isGenerator(value),
  }, (params: readonly unknown[]) => Reflect.apply(value, undefined, params));
}
