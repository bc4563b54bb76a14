import { plainLine } from "../../terminal/plain_text.ts";

/** What words come to as they are typed. */
interface ShellLines {
  readonly line: string;
  /** For PowerShell on Windows, if that reads some of the words otherwise than cmd does. */
  readonly inPowerShell: string | undefined;
}

/**
 * A command as it is typed, so that its words mean themselves. cmd and PowerShell agree on words in
 * double quotes that hold nothing special. For others PowerShell is told to pass on the rest of the
 * line as it stands (`--%`): no other quoting means the same in all its versions.
 */
export function shellLines(words: readonly string[], os = Deno.build.os): ShellLines {
  const line = words.map((word) => shellWord(word, os)).join(" ");
  if (os !== "windows") return { line, inPowerShell: undefined };
  const quoted = words.map(quotedOnWindows).join(" ");
  if (words.some(isSpecialInPowerShell)) {
    return { line, inPowerShell: quoted.replace(/^\S+/, "$& --%") };
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
