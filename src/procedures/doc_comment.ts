/** What a JSDoc comment says of a function, for people. */
export interface DocComment {
  /** What stands ahead of its first tag; its first paragraph is one line. May be empty. */
  readonly description: string;
  /** What `@param` says, by the name that it has there, such as `size` or `options.size`. */
  readonly params: ReadonlyMap<string, string>;
  /** Those that `@param` marks as optional: `[size]`, `{number=} size`. */
  readonly optional: ReadonlySet<string>;
}

/** A type, which may have braces within; a name, maybe in brackets with a default; and the text. */
const paramTag =
  /^@param\s+(\{(?:[^{}\n]|\{[^{}\n]*\})*\})?\s*(?:\[\s*([^\s=[\]]+)(?:[^[\]\n]|\[[^[\]\n]*\])*\]|(\S+))\s*(?:-\s+)?([\s\S]*)$/;

/** Reads a comment's text, without its first and last characters. */
export function readDocComment(text: string): DocComment {
  const plain = text.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd()).join("\n")
    .replaceAll(/\{@\w+\s+([^}]*)\}/g, "$1");
  const [before = "", ...tags] = `\n${plain}`.split(/^\s*(?=@)/m);
  const [first = "", ...others] = before.trim().split(/\n{2,}/);
  const params = new Map<string, string>();
  const optional = new Set<string>();
  for (const tag of tags) {
    const [, type = "", bracketed, bare = "", about = ""] = paramTag.exec(tag) ?? [];
    const name = bracketed ?? bare;
    if (about.trim() !== "") params.set(name, oneLine(about.trim()));
    if (bracketed !== undefined || type.endsWith("=}")) optional.add(name);
  }
  return { description: [oneLine(first), ...others].join("\n\n"), params, optional };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
