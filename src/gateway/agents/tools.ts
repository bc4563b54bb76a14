import { createHash } from "node:crypto";
import { matcherOf } from "../../base/names/patterns.ts";
import { SchemaBook } from "../documents/schema_book.ts";
import { visible } from "../documents/visible.ts";
import type { OpenRpcMethod } from "../../procedures/openrpc.ts";

/** A method as a tool of the Model Context Protocol. */
export interface Tool {
  readonly method: OpenRpcMethod;
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly type: "object"; readonly [member: string]: unknown };
  readonly annotations: { readonly idempotentHint: boolean };
}

/** Longest name of a tool that all clients accept. */
const nameLengthMax = 64;

/** Characters of a sum that tells names apart which are the same when reduced. */
const sumLength = 8;

/**
 * Methods as tools, sorted by name. Names are reduced to the letters that all clients accept. Where
 * several become the same, each gets a sum of its own name behind it, except for one that needed no
 * change: so that a tool never is another method than the one that was listed under its name.
 *
 * @param patterns names with `*` for any letters, separated by commas
 */
export function toolsOf(methods: readonly OpenRpcMethod[], patterns: string): Tool[] {
  const isWanted = matcherOf(patterns.split(",").map((pattern) => pattern.trim()));
  const wanted = methods.filter(({ name }) => isWanted(name));
  const alike = Map.groupBy(wanted, ({ name }) => reduced(name));
  return wanted.map((method) => ({
    method,
    name: toolName(method.name, alike.get(reduced(method.name))?.length === 1),
    description: visible(
      [method.summary, method.description].filter(Boolean).join("\n") || method.name,
    ),
    inputSchema: inputOf(method),
    annotations: { idempotentHint: method["x-idempotent"] },
  })).sort((one, other) => one.name < other.name ? -1 : 1);
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

function reduced(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, nameLengthMax);
}

/** @param isFree whether no other name becomes the same */
function toolName(name: string, isFree: boolean): string {
  const plain = reduced(name);
  if (isFree || plain === name) return plain;
  const sum = createHash("sha256").update(name).digest("hex").slice(0, sumLength);
  return `${plain.slice(0, nameLengthMax - sumLength - 1)}_${sum}`;
}
