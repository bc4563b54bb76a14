/**
 * Fields made of a schema: choices, texts, numbers, objects in frames, lists that grow. Whatever
 * else there is, unions for example, is written as JSON. Fields hand out JSON text, so that a
 * number stays as it was typed.
 */

import { el } from "../dom.js";
import { parseExactly, writeExactly } from "./exact.js";
import { faultOf, resolved } from "./schema.js";
import { t } from "../words.js";

/** Frames in frames past this are written as JSON. */
const depthMax = 4;

/** Fields of one method past this are written as JSON too: schemas that hold themselves have many. */
const fieldsMax = 200;

/** Choices past this are typed: nobody finds one among more. */
const choicesMax = 500;

let ids = 0;

/** A field for each parameter, with its `name`. `root` is the whole document. */
export function formOf(params, root) {
  return params.map(({ name, schema, required, description }) => {
    const isPlain = typeof schema !== "object" || schema === null;
    const given = description === undefined || isPlain ? schema : { description, ...schema };
    const roots = [schema, root];
    const bounds = { left: fieldsMax };
    try {
      return { name, ...fieldOf(name, given, required === true, roots, bounds) };
    } catch {
      // Whoever made the schema meant something else by it.
      return { name, ...fieldOf(name, {}, required === true, roots, bounds) };
    }
  });
}

/**
 * A field: `element`, `read()` the JSON text or `undefined` for nothing, `write(value)`. Reading
 * throws an error that tells what is wrong.
 */
function fieldOf(name, given, isRequired, roots, bounds, depth = 0) {
  const schema = resolved(given, roots);
  const { type, properties, items } = schema;
  bounds.left--;
  const isDeep = depth >= depthMax || bounds.left <= 0;
  const isChoice = schema.enum !== undefined && schema.enum.length <= choicesMax;
  const field = isChoice || type === "boolean"
    ? choice(schema, isRequired)
    : type === "object" && properties !== undefined && !isDeep
    ? frame(name, schema, isRequired, roots, bounds, depth)
    : type === "array" && items !== undefined && items !== false && !isDeep
    ? growing(name, schema, isRequired, roots, bounds, depth)
    : type === "string"
    ? text(isRequired)
    : type === "integer" || type === "number"
    ? json("input", { inputMode: "decimal" })
    : json("textarea", { placeholder: "JSON" });
  if (schema.default !== undefined) field.write(schema.default);
  return {
    element: field.isFrame ? field.element : labelled(name, schema, isRequired, field),
    write: field.write,
    read() {
      const written = readNamed(name, field);
      if (written === undefined && isRequired) throw new Error(`${name}: ${t("Missing")}`);
      if (written === undefined) return undefined;
      const fault = faultIn(written, given, roots, name);
      if (fault !== undefined) throw new Error(fault);
      return written;
    },
  };
}

function faultIn(written, given, roots, name) {
  try {
    return faultOf(parseExactly(written), given, roots, name);
  } catch {
    // A schema that is none tells no mistake.
    return undefined;
  }
}

function readNamed(name, field) {
  try {
    return field.read();
  } catch (error) {
    throw field.isFrame ? error : new Error(`${name}: ${error.message}`);
  }
}

function labelled(name, { type, description }, isRequired, { element }) {
  element.id = `field${ids++}`;
  const hint = [
    typeof type === "string" ? type : "JSON",
    isRequired ? "" : t("optional"),
    description,
  ].filter(Boolean).join(", ");
  return el(
    "div",
    {},
    el("label", { for: element.id }, `${name} `, el("span", { className: "quiet" }, hint)),
    element,
  );
}

function choice({ type, enum: values = [true, false] }, isRequired) {
  const element = el(
    "select",
    {},
    ...(isRequired && type !== "boolean" ? [] : [el("option", { value: "" }, "")]),
    ...values.map((one) => {
      const value = writeExactly(one);
      return el("option", { value }, typeof one === "string" ? one : value);
    }),
  );
  if (isRequired && type === "boolean") element.value = "false";
  element.dataset.untouched = element.value;
  return {
    element,
    read: () => element.value || undefined,
    write: (value) => element.value = writeExactly(value) ?? "",
  };
}

function text(isRequired) {
  const element = el("input", { type: "text", autocomplete: "off" });
  return {
    element,
    read: () => element.value === "" && !isRequired ? undefined : JSON.stringify(element.value),
    write: (value) => element.value = typeof value === "string" ? value : writeExactly(value) ?? "",
  };
}

function json(tag, properties) {
  const element = el(tag, properties);
  return {
    element,
    read() {
      const written = element.value.trim();
      if (written === "") return undefined;
      try {
        JSON.parse(written);
      } catch {
        throw new Error(t("Not valid JSON"));
      }
      return written;
    },
    write: (value) => element.value = writeExactly(value) ?? "",
  };
}

function frame(
  name,
  { properties, required = [], description },
  isRequired,
  roots,
  bounds,
  depth,
) {
  const wanted = new Set(required);
  const fields = Object.entries(properties).map(([key, schema]) => [
    key,
    fieldOf(key, schema, wanted.has(key), roots, bounds, depth + 1),
  ]);
  return {
    isFrame: true,
    element: el(
      "fieldset",
      {},
      el(
        "legend",
        {},
        `${name} `,
        el("span", { className: "quiet" }, description ?? (isRequired ? "" : t("optional"))),
      ),
      ...fields.map(([, { element }]) => element),
    ),
    read() {
      // One that nobody has begun to fill in is left out if it may be.
      if (!isRequired && fields.every(([, field]) => isUntouched(field))) return undefined;
      try {
        const members = fields.map(([key, field]) => [key, field.read()])
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => `${JSON.stringify(key)}:${value}`);
        return `{${members.join(",")}}`;
      } catch (error) {
        throw new Error(`${name}.${error.message}`);
      }
    },
    write: (value) =>
      fields.forEach(([key, field]) =>
        field.write(Object.hasOwn(value ?? {}, key) ? value[key] : undefined)
      ),
  };
}

function isUntouched({ element }) {
  return element.querySelector(".item") === null &&
    [...element.querySelectorAll("input, textarea, select")]
      .every(({ value, dataset }) => value === (dataset.untouched ?? ""));
}

function growing(name, { items, description }, isRequired, roots, bounds, depth) {
  const list = el("div");
  let fields = [];
  const add = (value) => {
    const field = fieldOf(`${name}[${fields.length}]`, items, true, roots, bounds, depth + 1);
    const remove = el("button", { type: "button" }, t("Remove"));
    const row = el("div", { className: "item" }, field.element, remove);
    remove.onclick = () => {
      fields = fields.filter((one) => one !== field);
      row.remove();
    };
    if (value !== undefined) field.write(value);
    fields.push(field);
    list.append(row);
  };
  const hint = description ?? (isRequired ? "" : t("optional"));
  return {
    isFrame: true,
    element: el(
      "fieldset",
      {},
      el("legend", {}, `${name} `, el("span", { className: "quiet" }, hint)),
      list,
      el(
        "button",
        { type: "button", onclick: () => add(), "aria-label": `${t("Add")} ${name}` },
        t("Add"),
      ),
    ),
    read: () =>
      fields.length === 0 && !isRequired
        ? undefined
        : `[${fields.map((field) => field.read()).join(",")}]`,
    write(value) {
      list.replaceChildren();
      fields = [];
      for (const one of Array.isArray(value) ? value : []) add(one);
    },
  };
}
