import { isGenerator } from "../parameter_names.ts";
import { declaredOf } from "./declared.ts";
import { PlainProcedure } from "./plain_procedure.ts";
import type { SaidOfFunction } from "./source_texts.ts";

/**
 * A function of a user's as a `cpu` procedure that is not idempotent, takes any JSON (as many
 * values as it declares, or more) and returns any JSON. If it takes apart its only parameter, the
 * members of that are the procedure's parameters.
 *
 * @param said what its source text says. @default it must be given what has no default
 * @param self what is `this` in it. @default nothing
 */
export function plainFunction(
  value: CallableFunction,
  { leastCount, description }: Partial<SaidOfFunction> = {},
  self?: object,
): PlainProcedure {
  const declared = declaredOf(value, leastCount);
  const { parameters, inOne, isOpen } = declared;
  return new PlainProcedure({
    names: parameters.map(({ name }) => name),
    kind: "cpu",
    idempotent: false,
    description: description ?? "",
    stream: isGenerator(value),
    params: parameters.map(({ fallback, required }) => ({
      required,
      // A default is only documented: the function fills it in by itself.
      schema: fallback === undefined || required ? {} : { default: fallback.value },
    })),
    result: {},
    isOpen,
    inOne,
    load: async () =>
      (await import("./function_schemas.ts")).functionWithSchemas(value, declared, self),
    run: (params) => Reflect.apply(value, self, params),
  });
}
