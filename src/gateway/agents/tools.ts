import { matcherOf } from "../../base/names/patterns.ts";
import { SchemaBook } from "../documents/schema_book.ts";
import type { OpenRpcMethod } from "../../procedures/openrpc.ts";

/** A method as a tool of the Model Context Protocol. */
interface Tool {
  readonly method: OpenRpcMethod;
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly type: "object"; readonly [member: string]: unknown };
  readonly annotations: { readonly idempotentHint: boolean };
}

/** Longest name of a tool that all clients accept. */
const nameLengthMax = 64;

/**
 * Methods as tools. Names are reduced to the letters that all clients accept; if two become the
 * same, the later one gets a number.
 *
 * @param patterns names with `*` for any letters, separated by commas
 */
export function toolsOf(methods: readonly OpenRpcMethod[], patterns: string): Tool[] {
  const isWanted = matcherOf(patterns.split(",").map((pattern) => pattern.trim()));
  const taken = new Set<string>();
  return methods.filter(({ name }) => isWanted(name)).map((method) => ({
    method,
    name: freeName(taken, method.name),
    description: [method.summary, method.description].filter(Boolean).join("\n") || method.name,
    inputSchema: inputOf(method),
    annotations: { idempotentHint: method["x-idempotent"] },
  }));
}

function inputOf({ params, paramStructure }: OpenRpcMethod): Tool["inputSchema"] {
  const required = params.filter(({ required }) => required).map(({ name }) => name);
  // References within a schema have to be adapted to their new place.
  const book = new SchemaBook({}, { prefix: "#/$defs/", hasFormats: false });
  const properties = params.map(({ name, schema }, index) => [
    name,
    objectOf(book.embedded(schema, `p${index}`)),
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    ...(paramStructure === "by-position" ? { additionalProperties: false } : {}),
    ...(Object.keys(book.schemas).length === 0 ? {} : { $defs: book.schemas }),
  };
}

/** A schema as an object, since clients do not accept a boolean as a schema. */
function objectOf(schema: unknown): unknown {
  if (typeof schema !== "boolean") return schema;
  return schema ? {} : { not: {} };
}

function freeName(taken: Set<string>, name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, nameLengthMax);
  let free = plain;
  for (let i = 2; taken.has(free); i++) {
    const end = `_${i}`;
    free = plain.slice(0, nameLengthMax - end.length) + end;
  }
  taken.add(free);
  return free;
}
