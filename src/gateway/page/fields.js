/**
 * Fields made of a schema: choices, texts, numbers, objects in frames, lists that grow. Whatever
 * else there is, unions for example, is written as JSON. Fields hand out JSON text, so that a
 * number stays as it was typed.
 */

import { el } from "./dom.js";
import { faultOf, resolved } from "./schema.js";
import { t } from "./words.js";

/** Frames in frames past this are written as JSON. */
const depthMax = 4;

let ids = 0;

/**
 * A field: `element`, `read()` the JSON text or `undefined` for nothing, `write(value)`. Reading
 * throws an error that tells what is wrong.
 */
export function fieldOf(name, given, isRequired, root, depth = 0) {
  const schema = resolved(given, root);
  const { type, properties, items } = schema;
  const field = schema.enum !== undefined || type === "boolean"
    ? choice(schema, isRequired)
    : type === "object" && properties !== undefined && depth < depthMax
    ? frame(name, schema, isRequired, root, depth)
    : type === "array" && items !== undefined && items !== false && depth < depthMax
    ? growing(name, schema, isRequired, root, depth)
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
      if (written === undefined && isRequired) throw new Error(`${name}: ${t("It is missing")}`);
      if (written === undefined) return undefined;
      const fault = faultOf(JSON.parse(written), given, root, name);
      if (fault !== undefined) throw new Error(fault);
      return written;
    },
  };
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
    ...values.map((one) => el("option", { value: JSON.stringify(one) }, String(one))),
  );
  if (isRequired && type === "boolean") element.value = "false";
  return {
    element,
    read: () => element.value || undefined,
    write: (value) => element.value = JSON.stringify(value) ?? "",
  };
}

function text(isRequired) {
  const element = el("input", { type: "text", autocomplete: "off" });
  return {
    element,
    read: () => element.value === "" && !isRequired ? undefined : JSON.stringify(element.value),
    write: (value) => element.value = value ?? "",
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
        throw new Error(t("It is no JSON"));
      }
      return written;
    },
    write: (value) => element.value = JSON.stringify(value) ?? "",
  };
}

function frame(name, { properties, required = [], description }, isRequired, root, depth) {
  const fields = Object.entries(properties).map(([key, schema]) => [
    key,
    fieldOf(key, schema, required.includes(key), root, depth + 1),
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
      try {
        const members = fields.map(([key, field]) => [key, field.read()])
          .filter(([, value]) => value !== undefined)
          .map(([key, value]) => `${JSON.stringify(key)}:${value}`);
        return members.length === 0 && !isRequired ? undefined : `{${members.join(",")}}`;
      } catch (error) {
        // One that nobody has begun to fill in may be left out.
        if (!isRequired && fields.every(([, field]) => isEmpty(field))) return undefined;
        throw new Error(`${name}.${error.message}`);
      }
    },
    write: (value) => fields.forEach(([key, field]) => field.write(value?.[key])),
  };
}

function isEmpty(field) {
  return [...field.element.querySelectorAll("input, textarea")].every(({ value }) => value === "");
}

function growing(name, { items, description }, isRequired, root, depth) {
  const list = el("div");
  let fields = [];
  const add = (value) => {
    const field = fieldOf(`${name}[${fields.length}]`, items, true, root, depth + 1);
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
      for (const one of value ?? []) add(one);
    },
  };
}
