type Schema = Readonly<Record<string, unknown>> | boolean;

/** Members of a schema that hold values and no schemas. */
const valueMembers = new Set(["const", "enum", "default", "examples"]);

/** Members of a schema that hold schemas by names of the user's choice. */
const namedMembers = new Set(["properties", "patternProperties", "definitions", "$defs"]);

/** Where components stand in the larger document, and what else is said in it. */
interface BookOptions {
  readonly prefix: string;
  /** Whether it is said how numbers are kept, which generators look at. */
  readonly hasFormats: boolean;
}

/**
 * Schemas of JSON Schema's draft 7, which OpenRPC has, as those of draft 2020-12, which OpenAPI and
 * MCP have. What refers to a part of itself becomes a component: its references would lead
 * elsewhere in the larger document.
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

  /** @param name of the component that it becomes, if it becomes one */
  embedded(schema: Schema, name: string): unknown {
    const place = `${this.#options.prefix}${name}`;
    const { hasFormats } = this.#options;
    if (!JSON.stringify(schema).includes('"$ref"')) return converted(schema, place, hasFormats);
    this.schemas[name] = converted(schema, place, hasFormats);
    return { $ref: place };
  }
}

/** @param place of the component in which it stands */
function converted(schema: unknown, place: string, hasFormats: boolean): unknown {
  if (Array.isArray(schema)) return schema.map((one) => converted(one, place, hasFormats));
  if (typeof schema !== "object" || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (valueMembers.has(key)) return [key, value];
    if (key === "$ref") return [key, referenceOf(String(value), place)];
    if (namedMembers.has(key) && typeof value === "object" && value !== null) {
      const named = Object.entries(value)
        .map(([one, of]) => [one, converted(of, place, hasFormats)]);
      return [key === "definitions" ? "$defs" : key, Object.fromEntries(named)];
    }
    return [key, converted(value, place, hasFormats)];
  });
  const members = Object.fromEntries(entries);
  // Generators take a number for one of 32 bits as a rule.
  const format = hasFormats ? formatOf(members.type) : undefined;
  if (format !== undefined) members.format ??= format;
  if (!Array.isArray(members.items)) {
    delete members.additionalItems;
    return members;
  }
  const { items, additionalItems, ...rest } = members;
  return {
    ...rest,
    // An empty list of them is no schema.
    ...(items.length === 0 ? {} : { prefixItems: items }),
    // Generators know no schema that is a truth value: no more of them says the same.
    ...(additionalItems === false ? { maxItems: items.length } : {}),
    ...(typeof additionalItems === "object" ? { items: additionalItems } : {}),
  };
}

/** How numbers are kept here, of either kind; `undefined`: it is none. */
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
