import { isGenerator } from "../parameter_names.ts";
import { declaredOf } from "./declared.ts";
import { PlainProcedure } from "./plain_procedure.ts";

/**
 * A function of a user's as a `cpu` procedure that is not idempotent, takes any JSON (as many
 * values as it declares, or more) and returns any JSON. If it takes apart its only parameter, the
 * members of that are the procedure's parameters.
 *
 * @param leastCount how many values it must be given. @default as many as have no default
 * @param self what is `this` in it. @default nothing
 */
export function plainFunction(
  value: CallableFunction,
  leastCount?: number,
  self?: object,
): PlainProcedure {
  const declared = declaredOf(value, leastCount);
  const { parameters, inOne, isOpen } = declared;
  return new PlainProcedure({
    names: parameters.map(({ name }) => name),
    kind: "cpu",
    idempotent: false,
    description: "",
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
