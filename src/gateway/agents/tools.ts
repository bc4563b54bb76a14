import { createHash } from "node:crypto";
import { matcherOf } from "../../base/names/patterns.ts";
import { SchemaBook } from "../documents/schema_book.ts";
import { visible } from "../documents/visible.ts";
import type { OpenRpcMethod } from "../../procedures/openrpc.ts";

/** A method as a tool of the Model Context Protocol. */
export interface Tool {
  readonly method: OpenRpcMethod;
  /** The parameters' names, by the members of the input that stand for them. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly name: string;
  readonly description: string;
  readonly inputSchema: { readonly type: "object"; readonly [member: string]: unknown };
  readonly annotations: { readonly idempotentHint: boolean };
}

/** Tools as agents are told of them. */
export function shownTools(tools: readonly Tool[]): Omit<Tool, "method" | "parameters">[] {
  return tools.map(({ method: _, parameters: __, ...shown }) => shown);
}

/** Longest name of a tool, and of a member of its input, that all clients accept. */
const nameLengthMax = 64;

/** Characters that not all clients accept in a tool's name. */
const strangeInName = /[^A-Za-z0-9_-]/g;

/** The same in the name of a member: one such member has a client refuse all tools of a server. */
const strangeInMember = /[^A-Za-z0-9_.-]/g;

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
  const names = reducedNames(wanted.map(({ name }) => name), strangeInName);
  return wanted.map((method, index) => {
    const parameters = method.params.map(({ name }) => name);
    const members = reducedNames(parameters, strangeInMember);
    return {
      method,
      parameters: new Map(members.map((member, index) => [member, parameters[index] as string])),
      name: names[index] as string,
      description: visible(
        [method.summary, method.description].filter(Boolean).join("\n") || method.name,
      ),
      inputSchema: inputOf(method, members),
      annotations: { idempotentHint: method["x-idempotent"] },
    };
  }).sort((one, other) => one.name < other.name ? -1 : 1);
}

/** @param members what stands for each parameter */
function inputOf(
  { params, paramStructure }: OpenRpcMethod,
  members: readonly string[],
): Tool["inputSchema"] {
  const required = members.filter((_, index) => params[index]?.required);
  // References within a schema have to be adapted to their new place.
  const book = new SchemaBook({}, { prefix: "#/$defs/", hasFormats: false });
  const properties = params.map(({ name, schema }, index) => {
    const member = members[index] as string;
    const given = objectOf(book.embedded(schema, `p${index}`));
    return [member, member === name ? given : named(name, given)];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
    ...(paramStructure === "by-position" ? { additionalProperties: false } : {}),
    ...(Object.keys(book.schemas).length === 0 ? {} : { $defs: book.schemas }),
  };
}

/** A schema that tells the name of its parameter, which another one stands for. */
function named(name: string, schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { description } = schema;
  const words = typeof description === "string" ? [name, description] : [name];
  return { ...schema, description: visible(words.join(": ")) };
}

/** A schema as an object, since clients do not accept a boolean as a schema. */
function objectOf(schema: unknown): Record<string, unknown> {
  if (typeof schema !== "boolean") return schema as Record<string, unknown>;
  return schema ? {} : { not: {} };
}

/** Names of letters that all clients accept, each another one. @param strange what to replace */
function reducedNames(names: readonly string[], strange: RegExp): string[] {
  const reduced = (name: string) => name.replaceAll(strange, "_").slice(0, nameLengthMax) || "_";
  const alike = Map.groupBy(names, reduced);
  return names.map((name) => {
    const plain = reduced(name);
    if (plain === name || alike.get(plain)?.length === 1) return plain;
    const sum = createHash("sha256").update(name).digest("hex").slice(0, sumLength);
    return `${plain.slice(0, nameLengthMax - sumLength - 1)}_${sum}`;
  });
}
