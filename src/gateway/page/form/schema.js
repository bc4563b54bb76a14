/**
 * As much of JSON Schema as tells a mistake in a form before it is sent. The server has the last
 * word, and the only one of patterns: one that is made for it would stop the page for minutes.
 */

import { ExactNumber } from "./exact.js";
import { t } from "../words.js";

/**
 * The schema that one refers to, if it does.
 *
 * @param roots what a reference may be of, the first that has it: a parameter's own, the document
 */
export function resolved(schema, roots) {
  let one = isSchema(schema) ? schema : {};
  for (let depth = 0; typeof one.$ref === "string" && depth < 20; depth++) {
    const keys = one.$ref.replace(/^#\/?/, "").split("/").filter(Boolean)
      .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    const found = roots.map((root) => keys.reduce((at, key) => memberOf(at, key), root))
      .find(isSchema);
    one = found ?? {};
  }
  return one;
}

const isSchema = (one) => typeof one === "object" && one !== null;
const memberOf = (one, key) => isSchema(one) && Object.hasOwn(one, key) ? one[key] : undefined;

const typeOf = (value) =>
  value === null
    ? "null"
    : Array.isArray(value)
    ? "array"
    : value instanceof ExactNumber
    ? "number"
    : typeof value;

const isType = (value, type) =>
  type === "integer"
    ? typeOf(value) === "number" && Number.isInteger(Number(value))
    : typeOf(value) === type;

/** Parts of schemas that are looked at for one value: those that hold themselves have no end. */
const stepsMax = 10_000;

/** What is wrong with a value, with the path to it; `undefined`: nothing that can be told here. */
export const faultOf = (value, given, roots, path) =>
  faultIn(value, given, roots, path, 0, { left: stepsMax });

function faultIn(value, given, roots, path, depth, steps) {
  if (depth > 20 || steps.left-- <= 0) return undefined;
  const schema = resolved(given, roots);
  const wrong = (why) => `${path || "."}: ${why}`;
  const misfit = (what) => wrong(`${t("Does not match the schema")}: ${what}`);
  const inner = (one, under, name) =>
    faultIn(one, under, roots, `${path}.${name}`, depth + 1, steps);
  const { type, anyOf, oneOf, allOf = [] } = schema;
  const types = type === undefined ? [] : [type].flat();
  if (types.length > 0 && !types.some((one) => isType(value, one))) {
    return misfit(types.join(" | "));
  }
  const same = (one) => JSON.stringify(one) === JSON.stringify(value);
  if (schema.enum !== undefined && !schema.enum.some(same)) return misfit(schema.enum.join(" | "));
  if ("const" in schema && !same(schema.const)) return misfit(JSON.stringify(schema.const));
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) {
    const faults = choices.map((one) => faultIn(value, one, roots, path, depth + 1, steps));
    if (!faults.includes(undefined)) return faults.join("; ");
  }
  for (const one of allOf) {
    const fault = faultIn(value, one, roots, path, depth + 1, steps);
    if (fault !== undefined) return fault;
  }
  if (typeOf(value) === "number") {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
    if (value < minimum) return misfit(`>= ${minimum}`);
    if (value > maximum) return misfit(`<= ${maximum}`);
    if (value <= exclusiveMinimum) return misfit(`> ${exclusiveMinimum}`);
    if (value >= exclusiveMaximum) return misfit(`< ${exclusiveMaximum}`);
  }
  if (typeof value === "string") {
    if ([...value].length < schema.minLength) return misfit(`minLength ${schema.minLength}`);
    if ([...value].length > schema.maxLength) return misfit(`maxLength ${schema.maxLength}`);
  }
  if (Array.isArray(value)) {
    const { items, prefixItems = [], minItems, maxItems } = schema;
    if (value.length < minItems) return misfit(`minItems ${minItems}`);
    if (value.length > maxItems) return misfit(`maxItems ${maxItems}`);
    for (const [index, one] of value.entries()) {
      const under = prefixItems[index] ?? items;
      const fault = under === false ? misfit("[]") : inner(one, under, index);
      if (fault !== undefined) return fault;
    }
  } else if (typeOf(value) === "object") {
    const { properties = {}, required = [], additionalProperties } = schema;
    for (const name of required) {
      if (!Object.hasOwn(value, name)) return wrong(`${name}: ${t("Missing")}`);
    }
    for (const [name, one] of Object.entries(value)) {
      const under = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      const fault = under === false ? misfit(name) : inner(one, under, name);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}
