/**
 * What a binary's loader says of a file that it cannot read or parse: a debug print of its own
 * error, in which the whole text of the file may be.
 */

/** Names of syntax errors in the binary's parser, those that are met most, in plain words. */
const parserWords: Readonly<Record<string, string>> = {
  ExpectedIdent: "Expected a name",
  TS1109: "Expected an expression",
  TS1003: "Expected a name",
  TS1005: "Expected another sign",
  UnterminatedStrLit: "A text in quotes does not end",
  UnterminatedTpl: "A text in backticks does not end",
  UnterminatedBlockComment: "A comment does not end",
  UnterminatedRegExp: "A regular expression does not end",
  Eof: "The file ends too early",
};

/**
 * The problem in one line, with file, line and column where they are known; `undefined`: the
 * message is no such print.
 */
export function boxProblem(message: string): string | undefined {
  if (!message.startsWith("JsErrorBox")) return undefined;
  const [, code, reason] = /\bOs \{ code: (\d+), kind: \w+, message: "([^"]*)" \}/.exec(message) ??
    [];
  if (reason !== undefined) return `A module cannot be read: ${reason} (os error ${code})`;
  const [, path] = /\bpath: "((?:[^"\\]|\\.)*)"/.exec(message) ?? [];
  const [, offset] = /\brange: SourceRange \{ start: SourcePos\((\d+)\)/.exec(message) ?? [];
  const [, kind = ""] = /\bkind: (.*?), source: SourceTextInfo/s.exec(message) ?? [];
  const [name = ""] = /^\w+/.exec(kind) ?? [];
  const words = parserWords[name] ?? (detailsOf(name, kind) || "It cannot be read");
  if (path === undefined || offset === undefined) return words;
  return `${words} at file://${path}${placeAt(path, Number(offset))}`;
}

/** What was expected and what was found, or else the error's name in words. */
function detailsOf(name: string, kind: string): string {
  const [, got] = /got: "((?:[^"\\]|\\.)*)"/.exec(kind) ?? [];
  const [, expected] = /expected: "((?:[^"\\]|\\.)*)"/.exec(kind) ?? [];
  if (got !== undefined || expected !== undefined) {
    return [
      expected === undefined ? "" : `Expected ${expected}`,
      got === undefined ? "" : `${expected === undefined ? "Unexpected" : "got"} ${got}`,
    ].filter(Boolean).join(", ");
  }
  const [, ...texts] = [...kind.matchAll(/[("]((?:[^"\\]|\\.)+)"/g)].map(([, text]) => text);
  const words = name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return [words.charAt(0).toUpperCase() + words.slice(1), ...texts].join(" ").trim();
}

/** `:line:column` of a byte offset in a URL's file; empty if the file cannot be read. */
function placeAt(path: string, offset: number): string {
  try {
    const decoded = decodeURI(path);
    const file = Deno.build.os === "windows" ? decoded.replace(/^\//, "") : decoded;
    const before = new TextDecoder().decode(Deno.readFileSync(file).subarray(0, offset));
    const lines = before.split("\n");
    return `:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
  } catch {
    return "";
  }
}
