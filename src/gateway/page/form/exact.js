/**
 * JSON whose numbers stay as they were written: JavaScript would make another one of an integer
 * past 2^53.
 */

/** A mark that no text of somebody else begins with. */
const mark = `${crypto.getRandomValues(new Uint32Array(4)).join("-")}:`;

/** A string, or a number outside of strings. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

const marked = new RegExp(`"${mark}([^"]*)"`, "g");

/** A number that is written as it came. It is compared as JavaScript's nearest. */
export class ExactNumber {
  constructor(text) {
    this.text = text;
  }
  valueOf() {
    return Number(this.text);
  }
  toString() {
    return this.text;
  }
  toJSON() {
    return mark + this.text;
  }
}

/** As `JSON.parse`, but for the numbers that JavaScript would change. */
export function parseExactly(text) {
  // What is no JSON is told as that, and no number is taken out of it.
  const value = JSON.parse(text);
  let isChanged = false;
  const kept = text.replaceAll(tokens, (token) => {
    if (token[0] === '"' || String(Number(token)) === token) return token;
    isChanged = true;
    return `"${mark}${token}"`;
  });
  if (!isChanged) return value;
  return JSON.parse(
    kept,
    (_, one) =>
      typeof one === "string" && one.startsWith(mark)
        ? new ExactNumber(one.slice(mark.length))
        : one,
  );
}

/** As `JSON.stringify`, of what {@link parseExactly} has read. */
export const writeExactly = (value, space) =>
  JSON.stringify(value, null, space)?.replaceAll(marked, "$1");
