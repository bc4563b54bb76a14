import { plainLine } from "../../base/values/plain_text.ts";

/** What words come to as they are typed. */
interface ShellLines {
  readonly line: string;
  /** For PowerShell on Windows, if that reads some of the words otherwise than cmd does. */
  readonly inPowerShell: string | undefined;
}

/**
 * A command as it is typed, so that its words mean themselves. cmd and PowerShell agree on words in
 * double quotes that hold nothing special. For others PowerShell is told to pass on the rest of the
 * line as it stands (`--%`): no other quoting means the same in all its versions. Where it would
 * obey that line, words are in single quotes: from 7.3 on a double quote in them comes to a
 * backslash too many, but nothing is run.
 */
export function shellLines(words: readonly string[], os = Deno.build.os): ShellLines {
  const line = words.map((word) => shellWord(word, os)).join(" ");
  if (os !== "windows") return { line, inPowerShell: undefined };
  const quoted = words.map(quotedOnWindows).join(" ");
  if (words.some(isSpecialInPowerShell)) {
    const inPowerShell = isObeyedVerbatim(quoted)
      ? words.map(inSingleQuotes).join(" ")
      : quoted.replace(/^\S+/, "$& --%");
    return { line, inPowerShell };
  }
  return { line, inPowerShell: quoted === line ? undefined : quoted };
}

/** A word as it is typed into a shell, so that it means itself there: on Windows into cmd. */
export function shellWord(word: string, os = Deno.build.os): string {
  if (os === "windows") {
    const quoted = quotedOnWindows(word);
    // cmd takes every other double quote for a closing one, escaped or not, and expands variables
    // also within quotes.
    const isSpecial = /"/.test(word) && /[&|<>^]/.test(word) || /%.*%/s.test(word);
    return isSpecial ? quoted.replaceAll(/["&|<>^%]/g, "^$&") : quoted;
  }
  if (/^[\w.:/+@%,-][\w.:/+@%,=-]*$/.test(word)) return word;
  const visible = plainLine(word);
  if (visible === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  // What a terminal would obey is written as bash and zsh read it.
  return `$'${plainLine(word.replaceAll(/[\\']/g, "\\$&"))}'`;
}

/** As programs on Windows part their command line into words. */
function quotedOnWindows(word: string): string {
  if (isPlainOnWindows(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}

function isPlainOnWindows(word: string): boolean {
  return /^[\w.:/\\+=-]+$/.test(word);
}

/** It takes some of Unicode's quotes for its own, and in some versions drops a text if empty. */
function isSpecialInPowerShell(word: string): boolean {
  return !isPlainOnWindows(word) && (word === "" || /["$`\u201c-\u201e]|\\$/.test(word));
}

/**
 * Whether PowerShell ends a line behind `--%`, or puts a variable into it: each double quote begins
 * or ends quotes there, escaped or not, and outside of them `|` and `&&` go on with a new command.
 */
function isObeyedVerbatim(line: string): boolean {
  const outside = line.split(/["\u201c-\u201e]/).filter((_, index) => index % 2 === 0);
  return /%[^%]*%/.test(line) || outside.some((text) => /\||&&/.test(text));
}

function inSingleQuotes(word: string): string {
  if (isPlainOnWindows(word)) return word;
  const escaped = word.replaceAll(/(\\*)"/g, '$1$1\\"');
  return `'${escaped.replaceAll(/['\u2018-\u201b]/g, "$&$&")}'`;
}
