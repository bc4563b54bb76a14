import { isExactNumber } from "../../base/values/exact_numbers.ts";
import { jsonLine } from "../../base/values/plain_text.ts";
import { terminalSize } from "../../terminal/size.ts";
import { displayWidth } from "../../terminal/width.ts";

/** The indentation of each level of nesting. */
const step = "  ";

/** Most characters in one column, as in joined emoji: longer texts surely do not fit. */
const charactersPerColumnMax = 16;

/** A result for people on a terminal: JSON, but broken into lines if it does not fit. */
export function prettyText(result: unknown, columns = terminalSize().columns): string {
  return broken(jsonLine(result), result, "", 0, columns);
}

/**
 * @param text the value as JSON in one line
 * @param around columns that its name before it and a comma after it take
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

/** Whether a value is short, such as a number: several of them share a line. */
function isShort(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === null ||
    isExactNumber(value);
}

/** Lines with as many texts as fit, each followed by a comma. */
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
