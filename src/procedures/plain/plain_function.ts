import { isGenerator, membersOf, parametersOf } from "../parameter_names.ts";
import { PlainProcedure } from "./plain_procedure.ts";

/**
 * A function of a user's as a `cpu` procedure that is not idempotent, takes any JSON (as many
 * values as it declares, or more) and returns any JSON. If it takes apart its only parameter, the
 * members of that are the procedure's parameters.
 *
 * @param leastCount how many values it must be given. @default as many as have no default
 */
export function plainFunction(
  value: CallableFunction,
  leastCount = value.length,
): PlainProcedure {
  const inOne = membersOf(value);
  const parameters = inOne?.members ?? parametersOf(value);
  // Whether a member may be left out is in no function's text without its types.
  const requiredCount = inOne === undefined ? leastCount : 0;
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
    load: async () =>
      (await import("./function_schemas.ts")).functionWithSchemas(value, leastCount),
    run: (params) => Reflect.apply(value, undefined, params),
  });
}
