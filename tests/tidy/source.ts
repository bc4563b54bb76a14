/** TypeScript as the tidy rules see it: what it imports, and its code without comments. */

/** A file of the project. */
export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** A rule. An empty list: the file keeps it. */
export type Rule = (file: SourceFile) => string[];

/** One `import`, `export ... from` or dynamic `import()`. */
export interface Import {
  /**
   * The module as it is written, or `undefined` for a dynamic import of what only the run can tell.
   */
  readonly specifier: string | undefined;
  /** Whether nothing but types comes over. */
  readonly isTypeOnly: boolean;
  /** Whether it is loaded only when the run comes to it. */
  readonly isDynamic: boolean;
}

/** Comments, strings and regular expressions, in the order in which the first of them begins. */
const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/.source;
const quoted = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/.source;
const template = /`(?:\\[\s\S]|[^`\\])*`/.source;
// A slash begins a regular expression only where a value can stand.
const regex = /(?<=[=(,:;!&|?{}[\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/
  .source;
const tokens = new RegExp([comment, quoted, template, regex].join("|"), "g");

/** The text with its comments blanked; its lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(tokens, (token) => isComment(token) ? blanked(token) : token);
}

/** The text with comments and quoted strings blanked. Templates stay, since they hold code. */
export function codeOf(text: string): string {
  return text.replace(tokens, (token) => token.startsWith("`") ? token : blanked(token));
}

/** Everything that the text imports. */
export function importsOf(text: string): Import[] {
  const source = withoutComments(text);
  const imports: Import[] = [];
  const fromStatement = /^[ \t]*(?:import|export)\b([^;"'`]*?)\bfrom\s*["']([^"']+)["']/gm;
  for (const [, clause = "", specifier] of source.matchAll(fromStatement)) {
    imports.push({ specifier, isTypeOnly: importsTypesOnly(clause), isDynamic: false });
  }
  for (const [, specifier] of source.matchAll(/^[ \t]*import\s*["']([^"']+)["']/gm)) {
    imports.push({ specifier, isTypeOnly: false, isDynamic: false });
  }
  for (const [, specifier] of source.matchAll(/\bimport\s*\(\s*(?:["'`]([^"'`$]+)["'`])?/g)) {
    imports.push({ specifier, isTypeOnly: false, isDynamic: true });
  }
  return imports;
}

function importsTypesOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const named = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  const names = named?.split(",").map((name) => name.trim()).filter((name) => name !== "");
  return names !== undefined && names.length > 0 && names.every((name) => name.startsWith("type "));
}

function isComment(token: string): boolean {
  return token.startsWith("//") || token.startsWith("/*");
}

function blanked(token: string): string {
  return token.replace(/[^\n]/g, " ");
}
