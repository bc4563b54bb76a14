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
  { leastCount, description = "", params = new Map() }: Partial<SaidOfFunction> = {},
  self?: object,
): PlainProcedure {
  const declared = declaredOf(value, leastCount);
  const { parameters, inOne, isOpen } = declared;
  // JSDoc names a member of an object with that object: options.size.
  const abouts = inOne
    ? new Map([...params].map(([name, about]) => [name.replace(/^[^.]*\./, ""), about]))
    : params;
  return new PlainProcedure({
    names: parameters.map(({ name }) => name),
    kind: "cpu",
    idempotent: false,
    description,
    stream: isGenerator(value),
    params: parameters.map(({ name, fallback, required }) => ({
      required,
      schema: {
        // A default is only documented: the function fills it in by itself.
        ...(fallback === undefined || required ? {} : { default: fallback.value }),
        ...(abouts.has(name) ? { description: abouts.get(name) } : {}),
      },
    })),
    result: {},
    isOpen,
    inOne,
    load: async () =>
      (await import("./function_schemas.ts")).functionWithSchemas(value, declared, self),
    run: (params) => Reflect.apply(value, self, params),
  });
}
