import { plainLine } from "../../terminal/plain_text.ts";

/**
 * A word as it is typed into a shell, so that it means itself there. On Windows it is one for cmd,
 * and for PowerShell too where no quote, dollar or backtick stands in it: the two agree on no more.
 */
export function shellWord(word: string, os = Deno.build.os): string {
  if (os === "windows") {
    if (/^[\w.:/\\+=-]+$/.test(word)) return word;
    return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
  }
  if (/^[\w.:/+@%,-][\w.:/+@%,=-]*$/.test(word)) return word;
  const visible = plainLine(word);
  if (visible === word) return inQuotes(word);
  // What a terminal would obey is written as bash and zsh read it.
  return `$'${plainLine(word.replaceAll(/[\\']/g, "\\$&"))}'`;
}

/** A word in quotes, as any POSIX shell takes it. */
export function inQuotes(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
