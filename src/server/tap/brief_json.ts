import { isExactNumber } from "../../base/values/exact_numbers.ts";

/** Marks what was left out. */
const cutMark = "...";

/**
 * A value as JSON, cut to a length, at a cost that depends on that length only: parameters may have
 * megabytes.
 */
export function briefJson(value: unknown, lengthMax: number): string {
  const pieces: string[] = [];
  let room = lengthMax;
  const add = (text: string) => {
    pieces.push(text);
    room -= text.length;
  };
  const write = (one: unknown) => {
    if (typeof one === "string") return add(JSON.stringify(one.slice(0, Math.max(0, room))));
    if (typeof one !== "object" || one === null || isExactNumber(one)) {
      return add(JSON.stringify(one) ?? "null");
    }
    if (Array.isArray(one)) {
      add("[");
      for (let i = 0; i < one.length && room >= 0; i++) {
        if (i > 0) add(",");
        write(one[i]);
      }
      return add("]");
    }
    add("{");
    let separator = "";
    for (const [key, member] of Object.entries(one)) {
      if (room < 0) break;
      add(`${separator}${JSON.stringify(key.slice(0, Math.max(0, room)))}:`);
      separator = ",";
      write(member);
    }
    add("}");
  };
  write(value);
  const text = pieces.join("");
  return text.length <= lengthMax ? text : cut(text, lengthMax);
}

/** The beginning of a text, cut between characters. */
export function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return text.slice(0, lengthMax - cutMark.length).replace(/[\ud800-\udbff]$/, "") + cutMark;
}
