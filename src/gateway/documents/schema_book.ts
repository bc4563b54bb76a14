import { visible } from "./visible.ts";

type Schema = Readonly<Record<string, unknown>> | boolean;

/** Members of a schema that contain values, not schemas. */
const valueMembers = new Set(["const", "enum", "default", "examples"]);

/** Members of a schema that contain schemas by names of the user's choice. */
const namedMembers = new Set(["properties", "patternProperties", "definitions", "$defs"]);

/** Where components are in the larger document, and its options. */
interface BookOptions {
  readonly prefix: string;
  /** Whether to add the formats of numbers, for generators. */
  readonly hasFormats: boolean;
}

/**
 * Converts schemas from JSON Schema draft 7, which OpenRPC uses, to draft 2020-12, which OpenAPI
 * and MCP use. A schema with references to its own parts becomes a component, so that they still
 * lead to the right place in the larger document.
 */
export class SchemaBook {
  readonly schemas: Record<string, unknown>;
  readonly #options: BookOptions;

  constructor(
    schemas: Readonly<Record<string, unknown>>,
    options: BookOptions = { prefix: "#/components/schemas/", hasFormats: true },
  ) {
    this.schemas = { ...schemas };
    this.#options = options;
  }

  /** A schema in its new form. @param name the name of its component, if it becomes one */
  embedded(schema: Schema, name: string): unknown {
    const place = `${this.#options.prefix}${name}`;
    const { hasFormats } = this.#options;
    if (!JSON.stringify(schema).includes('"$ref"')) return converted(schema, place, hasFormats);
    this.schemas[name] = converted(schema, place, hasFormats);
    return { $ref: place };
  }
}

/** @param place the path of the component that it is part of */
function converted(schema: unknown, place: string, hasFormats: boolean): unknown {
  if (Array.isArray(schema)) return schema.map((one) => converted(one, place, hasFormats));
  if (typeof schema !== "object" || schema === null) return schema;
  // A reference that is no text would make the whole document invalid.
  const known = Object.entries(schema)
    .filter(([key, value]) => key !== "$ref" || typeof value === "string");
  const entries = known.map(([key, value]): [string, unknown] => {
    if (valueMembers.has(key)) return [key, value];
    if (key === "$ref") return [key, referenceOf(String(value), place)];
    // Agents read all texts, also those of members that no standard knows.
    if (typeof value === "string" && key !== "pattern") return [key, visible(value)];
    if (namedMembers.has(key) && typeof value === "object" && value !== null) {
      const named = Object.entries(value)
        .map(([one, of]) => [one, converted(of, place, hasFormats)]);
      return [key === "definitions" ? "$defs" : key, Object.fromEntries(named)];
    }
    return [key, converted(value, place, hasFormats)];
  });
  const members = Object.fromEntries(entries);
  if (hasFormats) describeType(members);
  if (!Array.isArray(members.items)) {
    delete members.additionalItems;
    return members;
  }
  const { items, additionalItems, ...rest } = members;
  return {
    ...rest,
    // An empty list is not valid.
    ...(items.length === 0 ? {} : { prefixItems: items }),
    // Generators do not know boolean schemas; a maximum means the same.
    ...(additionalItems === false ? { maxItems: items.length } : {}),
    ...(typeof additionalItems === "object" ? { items: additionalItems } : {}),
  };
}

/** Says a type as generators read it. */
function describeType(members: Record<string, unknown>): void {
  const { type } = members;
  const isChoice = Array.isArray(type) && type.filter((one) => one !== "null").length > 1;
  // Some generators make nothing of a list of types, and others only of one that has null.
  if (isChoice && members.anyOf === undefined) {
    delete members.type;
    members.anyOf = type.map((one) => ({ type: one, ...formatMember(one) }));
  } else Object.assign(members, { ...formatMember(type), ...members });
}

/** Without a format most generators assume 32 bits. */
function formatMember(type: unknown): { readonly format?: string } {
  const format = formatOf(type);
  return format === undefined ? {} : { format };
}

/** The format of a number or an integer; `undefined` for other types. */
function formatOf(type: unknown): string | undefined {
  const types = Array.isArray(type) ? type : [type];
  if (types.includes("number")) return "double";
  return types.includes("integer") ? "int64" : undefined;
}

function referenceOf(reference: string, place: string): string {
  if (!reference.startsWith("#")) return reference;
  const path = reference.slice(1).replace(/^\/definitions\//, "/$defs/");
  return `${place}${path}`;
}
