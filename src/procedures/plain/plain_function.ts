import { isGenerator, membersOf, parametersOf } from "../parameter_names.ts";
import { PlainProcedure } from "./plain_procedure.ts";

/**
 * A function of a user's as a `cpu` procedure that is not idempotent, takes any JSON (as many
 * values as it declares, or more) and returns any JSON. If it takes apart its only parameter, the
 * members of that are the procedure's parameters.
 */
export function plainFunction(value: CallableFunction): PlainProcedure {
  const inOne = membersOf(value);
  const parameters = inOne?.members ?? parametersOf(value);
  // Whether a member may be left out is in no function's text without its types.
  const requiredCount = inOne === undefined ? value.length : 0;
  return new PlainProcedure({
    names: parameters.map(({ name }) => name),
    kind: "cpu",
    idempotent: false,
    description: "",
    stream: isGenerator(value),
    params: parameters.map(({ fallback }, index) => ({
      required: index < requiredCount,
      // A default is only documented: the function fills it in by itself.
      schema: fallback === undefined || index < requiredCount ? {} : { default: fallback.value },
    })),
    result: {},
    isOpen: inOne?.isOpen ?? true,
    inOne: inOne !== undefined,
    load: async () => (await import("./function_schemas.ts")).functionWithSchemas(value),
    run: (params) => Reflect.apply(value, undefined, params),
  });
}
