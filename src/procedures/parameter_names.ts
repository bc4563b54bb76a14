/** Reads a function's parameters from its source text: at run time that has names and defaults. */

/** One parameter. */
interface SourceParameter {
  readonly name: string;
  /** Its default, if that is a literal. In an object, since the value may be anything. */
  readonly fallback?: { readonly value: unknown };
}

/** A name in plain ASCII, as nearly all are. */
const plainName = "[A-Za-z_$][\\w$]*";
/** Any name. V8 takes a millisecond to make the tables of such a pattern, also of one not used. */
const anyName = "[\\p{ID_Start}$_][\\p{ID_Continue}$\\u200c\\u200d]*";
const plainPatterns = patternsOf(plainName, "");
let anyPatterns: typeof plainPatterns | undefined;

/** A whole list of names and nothing else, which most functions have. */
const plainList = /^(?:async\s+)?(?:function\b\s*\*?\s*[\w$]*\s*)?\(([\w$\s,]*)\)/;

/** One token: a comment, a string, a regular expression after an operator, or a character. */
const piece =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,[{:?&|!]\s*)\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[\n])+\/|[\s\S]/gy;

/**
 * The names of a function's parameters, with those that have defaults and without the rest
 * parameter. A parameter without a name, as in `({ width }) => ...`, is called `arg1`, `arg2` and
 * so on by its position.
 */
export function parameterNames(value: CallableFunction): string[] {
  return parametersOf(value).map(({ name }) => name);
}

/** Whether a function is written with an asterisk, so that it returns items. */
export function isGenerator(value: CallableFunction): boolean {
  return /^\[object (Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(value));
}

/** {@link parameterNames} with their defaults. */
export function parametersOf(value: CallableFunction): SourceParameter[] {
  const found = listOf(Function.prototype.toString.call(value))
    .filter((text) => !text.startsWith("..."))
    .map((text, index) => {
      const equals = text.indexOf("=");
      const name = (equals < 0 ? text : text.slice(0, equals)).trim();
      if (!patternsFor(name).identifier.test(name)) return { name: `arg${index + 1}` };
      const fallback = equals < 0 ? undefined : plainValue(text.slice(equals + 1).trim());
      return { name, ...(fallback === undefined ? {} : { fallback }) };
    });
  const areDistinct = new Set(found.map(({ name }) => name)).size === found.length;
  if (found.length >= value.length && areDistinct) return found;
  return Array.from({ length: value.length }, (_, index) => ({ name: `arg${index + 1}` }));
}

/** The parameters' source texts without comments. */
function listOf(source: string): string[] {
  const [, list] = plainList.exec(source) ?? [];
  if (list !== undefined) return withoutBlanks(list.split(","));
  const [, lonely] = patternsFor(source).lonelyParameter.exec(source) ?? [];
  if (lonely !== undefined) return [lonely];
  const texts: string[] = [];
  let depth = 0;
  let isInside = false;
  let text = "";
  for (const [part] of source.matchAll(piece)) {
    if (/^\/[/*]/.test(part)) continue;
    if (/^[)\]}]$/.test(part)) depth--;
    if (isInside && depth === 0) break;
    if (part === "," && isInside && depth === 1) {
      texts.push(text);
      text = "";
    } else if (isInside) text += part;
    // Only a parenthesis at depth 0 opens the list: a computed method name comes before it.
    if (part === "(" && depth === 0) isInside = true;
    if (/^[([{]$/.test(part)) depth++;
  }
  texts.push(text);
  return withoutBlanks(texts);
}

function withoutBlanks(texts: readonly string[]): string[] {
  return texts.map((text) => text.trim()).filter((text) => text !== "");
}

/** The patterns for a text with names. */
function patternsFor(text: string): typeof plainPatterns {
  if (/^[\0-\x7f]*$/.test(text)) return plainPatterns;
  return anyPatterns ??= patternsOf(anyName, "u");
}

function patternsOf(name: string, flags: string) {
  return {
    identifier: new RegExp(`^${name}$`, flags),
    lonelyParameter: new RegExp(`^(?:async\\s+)?(${name})\\s*=>`, flags),
  };
}

/** The value of a literal; `undefined` for any other expression. */
function plainValue(text: string): { readonly value: unknown } | undefined {
  const single = /^'((?:[^'"\\])*)'$/.exec(text)?.[1];
  const number = /^-?(?:\d+_)*\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text);
  const json = single === undefined ? number ? text.replaceAll("_", "") : text : `"${single}"`;
  try {
    return { value: JSON.parse(json) };
  } catch {
    return undefined;
  }
}
