import * as z from "zod";
import { isGenerator } from "../parameter_names.ts";
import { defineProcedure } from "../procedure.ts";
import type { Procedure } from "../types.ts";
import { type Declared, declaredOf } from "./declared.ts";

/** A user's function as a procedure with schemas that accept any JSON. */
export function functionWithSchemas(
  value: CallableFunction,
  { parameters, inOne, isOpen }: Declared = declaredOf(value),
  self?: object,
): Procedure {
  const items = parameters.map(({ fallback, required }) => {
    if (required) return z.unknown();
    const item = z.unknown().optional();
    return fallback === undefined ? item : item.meta({ default: fallback.value });
  });
  const names = parameters.map(({ name }) => name);
  const traits = { names, output: z.unknown(), stream: isGenerator(value) };
  if (!inOne) {
    // The types of zod's tuple() need to know the number of items.
    const input = z.tuple(items as [z.ZodUnknown], z.unknown());
    return defineProcedure(
      { ...traits, input },
      (params: readonly unknown[]) => Reflect.apply(value, self, params),
    );
  }
  const shape = Object.fromEntries(names.map((name, index) => [name, items[index] as z.ZodType]));
  const input = isOpen ? z.looseObject(shape) : z.object(shape);
  return defineProcedure(
    { ...traits, input },
    (params: unknown) => Reflect.apply(value, self, [params]),
  );
}
