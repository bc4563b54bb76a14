import { plainText } from "../../terminal/plain_text.ts";
import { terminalSize } from "../../terminal/size.ts";
import { displayWidth } from "../../terminal/width.ts";

/** What each level of nesting is indented by. */
const step = "  ";

/** A result for people on a terminal: JSON still, but broken where it does not fit. */
export function prettyText(result: unknown, columns = terminalSize().columns): string {
  return plainText(broken(JSON.stringify(result), result, "", columns));
}

/** @param text the value as JSON in one line */
function broken(text: string, value: unknown, indent: string, room: number): string {
  if (displayWidth(text) <= room) return text;
  if (typeof value !== "object" || value === null || !/^[[{]./.test(text)) return text;
  const inner = indent + step;
  const isArray = Array.isArray(value);
  const items = Object.entries(value).map(([key, item]) => {
    const name = isArray ? "" : `${JSON.stringify(key)}: `;
    const used = displayWidth(name) + step.length;
    return inner + name + broken(JSON.stringify(item), item, inner, room - used);
  });
  if (items.length === 0) return text;
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  return `${open}\n${items.join(",\n")}\n${indent}${close}`;
}
