const parameterList =
  /^(?:async\s*)?(?:function\b\s*\*?\s*[\w$]*\s*\(([^()]*)\)|\(([^()]*)\)\s*=>|([\w$]+)\s*=>)/;

/** A name alone, or with a default that is a plain value. */
const parameter = /^([A-Za-z_$][\w$]*)\s*(?:=[^=]*)?$/;

/**
 * The names of a function's parameters, as its source has them, those with defaults included and the
 * rest parameter left out. Where the source has no plain names, as with `({ width }) => ...`, they
 * are `arg1`, `arg2` and so on, one for each that has to be given.
 */
export function parameterNames(value: CallableFunction): string[] {
  const source = Function.prototype.toString.call(value);
  const [, ofFunction, ofArrow, single] = parameterList.exec(source) ?? [];
  const list = ofFunction ?? ofArrow ?? single;
  const names = list?.split(",").map((text) => text.trim())
    .filter((text) => text !== "" && !text.startsWith("..."))
    .map((text) => parameter.exec(text)?.[1]);
  if (names === undefined || names.length < value.length || names.includes(undefined)) {
    return Array.from({ length: value.length }, (_, index) => `arg${index + 1}`);
  }
  return names as string[];
}
