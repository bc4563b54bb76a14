import { isExactNumber } from "../../base/values/exact_numbers.ts";
import { jsonLine } from "../../terminal/plain_text.ts";
import { terminalSize } from "../../terminal/size.ts";
import { displayWidth } from "../../terminal/width.ts";

/** What each level of nesting is indented by. */
const step = "  ";

/** Most characters that a column can hold, joined emoji included: more need no measuring. */
const charactersPerColumnMax = 16;

/** A result for people on a terminal: JSON still, but broken where it does not fit. */
export function prettyText(result: unknown, columns = terminalSize().columns): string {
  return broken(jsonLine(result), result, "", 0, columns);
}

/**
 * @param text the value as JSON in one line
 * @param around columns of its first line that are taken: by its name, and by a comma behind it
 */
function broken(
  text: string,
  value: unknown,
  indent: string,
  around: number,
  columns: number,
): string {
  if (typeof value !== "object" || value === null || !/^[[{]./.test(text)) return text;
  if (fits(text, columns - indent.length - around)) return text;
  const inner = indent + step;
  const isArray = Array.isArray(value);
  const lines = isArray && value.every(isShort)
    ? filledLines(value.map(jsonLine), columns - inner.length)
    : Object.entries(value).map(([key, item]) => {
      const name = isArray ? "" : `${jsonLine(key)}: `;
      return name + broken(jsonLine(item), item, inner, displayWidth(name) + 1, columns);
    });
  if (lines.length === 0) return text;
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  return `${open}\n${inner}${lines.join(`,\n${inner}`)}\n${indent}${close}`;
}

function fits(text: string, columns: number): boolean {
  return text.length <= charactersPerColumnMax * columns && displayWidth(text) <= columns;
}

/** Numbers and the like: a line for each of thousands would only push all else off the screen. */
function isShort(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === null ||
    isExactNumber(value);
}

/** As many to a line as fit, each with a comma behind it. */
function filledLines(texts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const text of texts) {
    if (line !== undefined && line.length + text.length + ", ,".length <= columns) {
      line += `, ${text}`;
    } else {
      if (line !== undefined) lines.push(line);
      line = text;
    }
  }
  return line === undefined ? lines : [...lines, line];
}
