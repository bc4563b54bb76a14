import * as z from "zod";
import { isGenerator, membersOf, parametersOf } from "../parameter_names.ts";
import { defineProcedure } from "../procedure.ts";
import type { Procedure } from "../types.ts";

/**
 * A user's function as a procedure with schemas that accept any JSON.
 *
 * @param leastCount how many values it must be given. @default as many as have no default
 */
export function functionWithSchemas(
  value: CallableFunction,
  leastCount = value.length,
): Procedure {
  const inOne = membersOf(value);
  const parameters = inOne?.members ?? parametersOf(value);
  const requiredCount = inOne === undefined ? leastCount : 0;
  const items = parameters.map(({ fallback }, index) => {
    if (index < requiredCount) return z.unknown();
    const item = z.unknown().optional();
    return fallback === undefined ? item : item.meta({ default: fallback.value });
  });
  const names = parameters.map(({ name }) => name);
  const traits = { names, output: z.unknown(), stream: isGenerator(value) };
  if (inOne === undefined) {
    // The types of zod's tuple() need to know the number of items.
    const input = z.tuple(items as [z.ZodUnknown], z.unknown());
    return defineProcedure(
      { ...traits, input },
      (params: readonly unknown[]) => Reflect.apply(value, undefined, params),
    );
  }
  const shape = Object.fromEntries(names.map((name, index) => [name, items[index] as z.ZodType]));
  const input = inOne.isOpen ? z.looseObject(shape) : z.object(shape);
  return defineProcedure(
    { ...traits, input },
    (params: unknown) => Reflect.apply(value, undefined, [params]),
  );
}
