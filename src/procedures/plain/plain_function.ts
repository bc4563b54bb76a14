import { isGenerator, parametersOf } from "../parameter_names.ts";
import { PlainProcedure } from "./plain_procedure.ts";

/**
 * A function of a user's as a `cpu` procedure that is not idempotent, takes any JSON (as many
 * values as it declares, or more) and returns any JSON.
 */
export function plainFunction(value: CallableFunction): PlainProcedure {
  const parameters = parametersOf(value);
  const isStream = isGenerator(value);
  return new PlainProcedure({
    names: parameters.map(({ name }) => name),
    kind: "cpu",
    idempotent: false,
    description: "",
    stream: isStream,
    params: parameters.map(({ fallback }, index) => ({
      required: index < value.length,
      // A default is only documented: the function fills it in by itself.
      schema: fallback === undefined || index < value.length ? {} : { default: fallback.value },
    })),
    result: {},
    isOpen: true,
    load: async () => (await import("./function_schemas.ts")).functionWithSchemas(value),
    run: (params) => Reflect.apply(value, undefined, params),
  });
}
