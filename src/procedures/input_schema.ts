import * as z from "zod";

/**
 * A schema of a procedure's parameters: a tuple for those by position, an object for named ones.
 */
export type InputSchema = z.ZodTuple | z.ZodObject;

/** The schema of all parameters: one of another kind than these two is of a single parameter. */
export type AsInputSchema<Schema extends z.ZodType> = Schema extends InputSchema ? Schema
  : z.ZodTuple<[Schema], null>;

/** Whether a schema is of all parameters, and not of a single one. */
export function isOfParameters(schema: z.ZodType): schema is InputSchema {
  return schema.def.type === "tuple" || schema.def.type === "object";
}

/**
 * The schema of a single parameter as one of all parameters. A schema that allows nothing but
 * `undefined`, which nobody could send, means no parameters.
 */
export function ofOne<Schema extends z.ZodType>(schema: Schema): z.ZodTuple<[Schema], null> {
  const isNothing = schema.def.type === "void" || schema.def.type === "undefined";
  return isNothing ? z.tuple([]) as unknown as z.ZodTuple<[Schema], null> : z.tuple([schema]);
}

/** What a schema threw, explained to its author where zod's own words do not help. */
export function explained(thrown: unknown): unknown {
  if (!(thrown instanceof z.core.$ZodAsyncError)) return thrown;
  return new TypeError(
    "its schema waits for a promise (an async refinement or transform), which no schema here can: " +
      "do that in the procedure",
  );
}

/**
 * Checks that a handler is a function, since no compiler has checked a module in JavaScript.
 *
 * @throws {TypeError} with what to write instead
 */
export function assertHandler(handler: unknown): void {
  if (typeof handler === "function") return;
  throw new TypeError(
    "Cannot use this handler of a procedure: it must be a function, the second argument, as in " +
      "defineProcedure({ input: z.string(), output: z.string() }, (text) => text)",
  );
}

/**
 * Checks that something is a zod schema, since no compiler has checked a module in JavaScript.
 *
 * @param name the schema's place in a procedure: `input` or `output`
 * @throws {TypeError} with what to write instead
 */
export function assertSchema(name: string, schema: unknown): asserts schema is z.ZodType {
  if (typeof schema === "object" && schema !== null && "_zod" in schema && "def" in schema) return;
  throw new TypeError(`Cannot use this ${name} of a procedure: ${advice(name, schema)}`);
}

/** The library that made a schema, as Standard Schema tells it; `undefined` if it does not. */
function vendorOf(schema: unknown): string | undefined {
  const isAny = typeof schema === "object" || typeof schema === "function";
  if (!isAny || schema === null || !("~standard" in schema)) return undefined;
  const standard = schema["~standard"] as { readonly vendor?: unknown } | undefined;
  return typeof standard?.vendor === "string" ? standard.vendor : "another library";
}

function isJsonSchema(schema: object): boolean {
  return "$schema" in schema || "type" in schema && typeof schema.type === "string" ||
    "anyOf" in schema && Array.isArray(schema.anyOf);
}

function advice(name: string, schema: unknown): string {
  if (Array.isArray(schema)) return `write z.tuple([...]) around the array`;
  const isObject = typeof schema === "object" && schema !== null;
  if (isObject && "_def" in schema) return 'it is of an older zod; import { z } from "rpc"';
  if (vendorOf(schema) !== undefined) {
    return `it is a schema of ${vendorOf(schema)}, and only those of zod can be published; ` +
      'import { z } from "rpc"';
  }
  if (isObject) {
    if (isJsonSchema(schema)) return "it is JSON Schema; write z.fromJSONSchema({...}) around it";
    return Object.values(schema).every((value) => typeof value === "object")
      ? "write z.object({...}) around the object"
      : 'it is no schema; import { z } from "rpc"';
  }
  const example = name === "input" ? "z.tuple([z.number()])" : "z.unknown()";
  return `it must be a schema, such as ${example}`;
}
