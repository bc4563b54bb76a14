/** Uses the schemas of procedures: checks values by them, and turns them into JSON Schema. */

import * as z from "zod";
import { explained } from "../input_schema.ts";
import { type CallParams, InputReader, itemsOf } from "../params.ts";
import type { HandlerInput, Procedure } from "../types.ts";
import type { Checked, Checks, Described } from "./loaded.ts";

const checksByProcedure = new WeakMap<Procedure, Checks>();

/** The schemas of a procedure, compiled when it is first called. */
export function checksOf(procedure: Procedure): Checks {
  let checks = checksByProcedure.get(procedure);
  if (checks === undefined) {
    checks = new CompiledChecks(procedure);
    checksByProcedure.set(procedure, checks);
  }
  return checks;
}

class CompiledChecks implements Checks {
  readonly #input: InputReader;
  readonly #output: z.ZodType;

  constructor(procedure: Procedure) {
    this.#input = new InputReader(procedure);
    this.#output = z.compile<z.ZodType>(procedure.output);
  }

  read(method: string, params: CallParams): HandlerInput {
    try {
      return this.#input.read(method, params) as HandlerInput;
    } catch (thrown) {
      throw explained(thrown);
    }
  }

  check(value: unknown): Checked {
    let parsed: z.ZodSafeParseResult<unknown>;
    try {
      parsed = this.#output.safeParse(value);
    } catch (thrown) {
      throw explained(thrown);
    }
    if (parsed.success) return { success: true, value: parsed.data };
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0
      ? ""
      : ` at ${issue.path.join(".")}`;
    const problem = `${where}: ${issue?.message ?? "not valid"}`;
    return { success: false, cause: parsed.error, problem };
  }
}

/** Its parameters and its result in a document. */
export function describe({ input, output, names }: Procedure): Described {
  const items = itemsOf(input);
  const params = names.map((name, index) => {
    const item = items[index];
    return {
      name,
      required: item !== undefined && item._zod.optin === undefined,
      schema: item === undefined ? {} : toJsonSchema(item, "input"),
    };
  });
  return { params, result: toJsonSchema(output, "output") };
}

/**
 * OpenRPC 1.x asks for JSON Schema draft 7. What a schema cannot express, such as a check in code,
 * is left out.
 */
function toJsonSchema(schema: z.core.$ZodType, io: "input" | "output"): Record<string, unknown> {
  try {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, {
      target: "draft-7",
      io,
      unrepresentable: "any",
    });
    return rest;
  } catch {
    // A default that is undefined, contains itself or throws, the same id twice, and the like: it
    // can be checked all the same, and "any value" is no lie.
    return {};
  }
}
