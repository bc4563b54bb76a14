/**
 * JSON Schemas for people: as short types, and as values that fit. They come from other programs,
 * so anything may stand where a schema is meant.
 */

import { isObject } from "../../base/values/members.ts";

/** Longest example of a text: whoever needs a longer one sees the bound beside the parameter. */
const exampleLengthMax = 80;

/** Objects in objects past this are shown as such, and arrays as empty ones. */
const depthMax = 3;

/**
 * A schema as a type in a few words: `integer`, `string[]`, `{width: integer, height?: integer}`.
 */
export function typeText(schema: unknown, depth = 0): string {
  if (!isObject(schema)) return "any";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const variants = variantsOf(schema);
  if (variants.length > 0) {
    return [...new Set(variants.map((one) => typeText(one, depth)))].join(" | ");
  }
  if (Array.isArray(schema.type)) return schema.type.map(textOf).join(" | ");
  switch (schema.type) {
    case "array":
      return arrayText(schema, depth);
    case "object":
      return objectText(schema, depth);
    default:
      return typeof schema.type === "string" ? schema.type : "any";
  }
}

function arrayText({ items }: Readonly<Record<string, unknown>>, depth: number): string {
  if (Array.isArray(items)) return `[${items.map((item) => typeText(item, depth + 1)).join(", ")}]`;
  const item = typeText(items, depth + 1);
  return item.includes(" | ") ? `(${item})[]` : `${item}[]`;
}

function objectText(schema: Readonly<Record<string, unknown>>, depth: number): string {
  const properties = propertiesOf(schema);
  if (properties.length === 0 || depth >= depthMax) return "object";
  const members = properties.map(({ name, required, schema }) =>
    `${name}${required ? "" : "?"}: ${typeText(schema, depth + 1)}`
  );
  return `{${members.join(", ")}}`;
}

/** Anything can stand where a text or a number is meant, also what is no text to JavaScript. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** What a schema asks beyond its type, each in a few words: `>= 0`, `at most 80 characters`. */
export function constraintsOf(schema: unknown): string[] {
  if (!isObject(schema)) return [];
  const words: readonly (readonly [keyword: string, text: (value: unknown) => string])[] = [
    ["minimum", (value) => `>= ${textOf(value)}`],
    ["exclusiveMinimum", (value) => `> ${textOf(value)}`],
    ["maximum", (value) => `<= ${textOf(value)}`],
    ["exclusiveMaximum", (value) => `< ${textOf(value)}`],
    ["multipleOf", (value) => `a multiple of ${textOf(value)}`],
    ["minLength", (value) => `at least ${textOf(value)} characters`],
    ["maxLength", (value) => `at most ${textOf(value)} characters`],
    ["minItems", (value) => `at least ${textOf(value)} items`],
    ["maxItems", (value) => `at most ${textOf(value)} items`],
    ["format", (value) => `format ${textOf(value)}`],
    // A format's own pattern says nothing more to people.
    ["pattern", (value) => "format" in schema ? "" : `like /${textOf(value)}/`],
    ["default", (value) => `default ${JSON.stringify(value)}`],
  ];
  // A tuple's type says how many items it has.
  const isTuple = Array.isArray(schema.items);
  return words.filter(([keyword]) => keyword in schema && !isNoBound(schema[keyword]))
    .filter(([keyword]) => !(isTuple && keyword.endsWith("Items")))
    .map(([keyword, text]) => text(schema[keyword])).filter((text) => text !== "");
}

/** A value that fits the schema, as far as can be seen: for an example. */
export function exampleOf(schema: unknown, depth = 0): unknown {
  if (!isObject(schema)) return 1;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  for (const keyword of ["default", "const"]) {
    if (keyword in schema) return schema[keyword];
  }
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [variant] = variantsOf(schema);
  if (variant !== undefined) return exampleOf(variant, depth);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "string":
      return exampleText(schema);
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return exampleArray(schema, depth);
    case "object":
      return depth >= depthMax ? {} : Object.fromEntries(
        propertiesOf(schema).filter(({ required }) => required)
          .map(({ name, schema }) => [name, exampleOf(schema, depth + 1)]),
      );
    case "integer":
    case "number":
      return exampleNumber(schema);
    default:
      return 1;
  }
}

/** As long as the schema asks, if that is a length that anybody wants to read. */
function exampleText({ minLength }: Readonly<Record<string, unknown>>): string {
  const wanted = typeof minLength === "number" ? Math.min(minLength, exampleLengthMax) : 0;
  return "text".padEnd(wanted, ".");
}

function exampleArray(schema: Readonly<Record<string, unknown>>, depth: number): unknown[] {
  const { items, minItems } = schema;
  // Of arrays of three in arrays of three there would soon be millions.
  if (depth >= depthMax) return [];
  if (Array.isArray(items)) return items.map((item) => exampleOf(item, depth + 1));
  const count = typeof minItems === "number" ? Math.max(1, Math.min(minItems, 3)) : 1;
  return Array.from({ length: count }, () => exampleOf(items, depth + 1));
}

/** The first of the likely numbers that is within the bounds. */
function exampleNumber(schema: Readonly<Record<string, unknown>>): number {
  const bound = (keyword: string, none: number) =>
    typeof schema[keyword] === "number" ? schema[keyword] : none;
  const least = bound("minimum", -Infinity);
  const most = bound("maximum", Infinity);
  const above = bound("exclusiveMinimum", -Infinity);
  const below = bound("exclusiveMaximum", Infinity);
  const lowest = Math.max(least, above);
  const highest = Math.min(most, below);
  return [1, least, above + 1, most, below - 1, (lowest + highest) / 2].find((number) =>
    number >= least && number <= most && number > above && number < below
  ) ?? 1;
}

interface Property {
  readonly name: string;
  readonly required: boolean;
  readonly schema: unknown;
}

function propertiesOf({ properties, required }: Readonly<Record<string, unknown>>): Property[] {
  if (typeof properties !== "object" || properties === null) return [];
  const wanted = new Set(Array.isArray(required) ? required : []);
  return Object.entries(properties).filter(([, schema]) => isSchema(schema))
    .map(([name, schema]) => ({ name, schema, required: wanted.has(name) }));
}

function variantsOf(schema: Readonly<Record<string, unknown>>): unknown[] {
  const variants = schema.anyOf ?? schema.oneOf;
  return Array.isArray(variants) ? variants.filter(isSchema) : [];
}

/**
 * The largest whole numbers that a double tells apart: zod writes them where nobody set a bound.
 */
function isNoBound(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) === Number.MAX_SAFE_INTEGER;
}

function isSchema(value: unknown): boolean {
  return typeof value === "boolean" || (typeof value === "object" && value !== null);
}
