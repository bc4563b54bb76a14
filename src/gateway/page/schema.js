/** As much of JSON Schema as tells a mistake in a form before it is sent. The server has the last word. */

import { t } from "./words.js";

/** The schema that one refers to, if it does. `root` is what it stands in. */
export function resolved(schema, root) {
  let one = schema === true || schema === undefined ? {} : schema;
  for (let depth = 0; typeof one.$ref === "string" && depth < 20; depth++) {
    const keys = one.$ref.replace(/^#\/?/, "").split("/").filter(Boolean);
    one = keys.reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], root) ??
      {};
  }
  return one;
}

const typeOf = (value) => value === null ? "null" : Array.isArray(value) ? "array" : typeof value;

const isType = (value, type) =>
  type === "integer" ? Number.isInteger(value) : typeOf(value) === type;

/** What is wrong with a value, with the path to it; `undefined`: nothing that can be told here. */
export function faultOf(value, given, root, path = "", depth = 0) {
  if (depth > 20) return undefined;
  const schema = resolved(given, root);
  const wrong = (why) => `${path || "."}: ${why}`;
  const misfit = (what) => wrong(`${t("It does not fit")}: ${what}`);
  const inner = (one, under, name) =>
    faultOf(one, under, root, path === "" ? String(name) : `${path}.${name}`, depth + 1);
  const { type, anyOf, oneOf, allOf = [], pattern } = schema;
  const types = type === undefined ? [] : [type].flat();
  if (types.length > 0 && !types.some((one) => isType(value, one))) {
    return misfit(types.join(" | "));
  }
  const same = (one) => JSON.stringify(one) === JSON.stringify(value);
  if (schema.enum !== undefined && !schema.enum.some(same)) return misfit(schema.enum.join(" | "));
  if ("const" in schema && !same(schema.const)) return misfit(JSON.stringify(schema.const));
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) {
    const faults = choices.map((one) => faultOf(value, one, root, path, depth + 1));
    if (!faults.includes(undefined)) return faults.join("; ");
  }
  for (const one of allOf) {
    const fault = faultOf(value, one, root, path, depth + 1);
    if (fault !== undefined) return fault;
  }
  if (typeof value === "number") {
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
    if (value < minimum) return misfit(`>= ${minimum}`);
    if (value > maximum) return misfit(`<= ${maximum}`);
    if (value <= exclusiveMinimum) return misfit(`> ${exclusiveMinimum}`);
    if (value >= exclusiveMaximum) return misfit(`< ${exclusiveMaximum}`);
  }
  if (typeof value === "string") {
    if ([...value].length < schema.minLength) return misfit(`minLength ${schema.minLength}`);
    if ([...value].length > schema.maxLength) return misfit(`maxLength ${schema.maxLength}`);
    if (pattern !== undefined && !matches(value, pattern)) return misfit(pattern);
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
  } else if (typeof value === "object" && value !== null) {
    const { properties = {}, required = [], additionalProperties } = schema;
    for (const name of required) {
      if (!Object.hasOwn(value, name)) return wrong(`${name}: ${t("It is missing")}`);
    }
    for (const [name, one] of Object.entries(value)) {
      const under = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      const fault = under === false ? misfit(name) : inner(one, under, name);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** A pattern that no browser takes is left to the server. */
function matches(value, pattern) {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}
