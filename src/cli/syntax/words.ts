import { UsageError } from "../../base/command_error.ts";

/** Plain text, '...' without escapes, "..." with escapes, or an escaped character. */
const posixPiece = /'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])|([^\s'"\\]+)/y;

/** The same for Windows, where backslashes only escape directly before a double quote. */
const windowsPiece = /'([^']*)'|"((?:[^"\\]|\\(?!\\*")|\\\\(?=\\*")|\\")*)"|\\(")|([^\s'"\\]+|\\)/y;

/**
 * Splits a command line into words like a shell, but without expansions: white space separates
 * words, unless it is in '...' or "..." or after a backslash. On Windows a backslash is literal,
 * except before a quote, since it separates directories there.
 *
 * @throws {UsageError} there is no word, or a quote is not closed
 */
export function wordsOf(commandLine: string, os = Deno.build.os): string[] {
  const words: string[] = [];
  const piece = os === "windows" ? windowsPiece : posixPiece;
  const unescaped = os === "windows"
    ? (quoted: string) => quoted.replaceAll(/\\([\\](?=\\*(?:"|$))|")/g, "$1")
    : (quoted: string) => quoted.replaceAll(/\\(["\\$`])/g, "$1");
  let word: string | undefined;
  for (let at = 0; at < commandLine.length; at = piece.lastIndex) {
    const space = /\s+/y;
    space.lastIndex = at;
    if (space.test(commandLine)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      piece.lastIndex = space.lastIndex;
      continue;
    }
    piece.lastIndex = at;
    const [, single, double, escaped, plain] = piece.exec(commandLine) ?? [];
    const found = single ?? (double === undefined ? undefined : unescaped(double)) ?? escaped ??
      plain;
    if (found === undefined) {
      const what = commandLine[at] === "\\"
        ? "nothing stands after its last \\"
        : "a quote is not closed";
      throw new UsageError(`Cannot read the command ${JSON.stringify(commandLine)}: ${what}`);
    }
    word = (word ?? "") + found;
  }
  if (word !== undefined) words.push(word);
  if (words.length === 0 || words[0] === "") {
    throw new UsageError("Cannot run an empty command: --exec needs a program and its arguments");
  }
  return words;
}
