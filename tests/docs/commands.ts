/** The commands that a document shows, as a reader would copy them. */

/**
 * The lines of a document's code blocks (fenced as `sh`, or indented), joined where they end in a
 * backslash, without comments. Blocks of other languages are not for a shell.
 */
export function shellLines(markdown: string): string[] {
  const found: string[] = [];
  let fence: string | undefined;
  let wasBlank = true;
  let isIndented = false;
  for (const line of markdown.split("\n")) {
    const mark = /^ {0,3}```(\w*)/.exec(line);
    if (mark !== null) {
      fence = fence === undefined ? mark[1] ?? "" : undefined;
      continue;
    }
    if (fence !== undefined) {
      if (fence === "sh") found.push(line);
      continue;
    }
    // An indented block begins after a blank line; elsewhere the same spaces continue a list.
    const indented = /^ {4}(.*\S.*)$/.exec(line)?.[1];
    isIndented = indented !== undefined && (wasBlank || isIndented);
    if (isIndented && indented !== undefined) found.push(indented);
    wasBlank = line.trim() === "";
  }
  return found.join("\n").replaceAll(/ *\\\n\s*/g, " ").split("\n")
    .map((line) => line.replace(/(^|\s)# .*$/, "").trim())
    .filter((line) => line !== "");
}

/** The code blocks that begin with a comment which names a file, such as `// tasks.ts`. */
export function namedFiles(markdown: string): { readonly name: string; readonly text: string }[] {
  const blocks = markdown.matchAll(/^```\w+\n(?:\/\/|#) ([\w.-]+\.\w+)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, name = "", text = ""]) => ({ name, text }));
}

/** What stands between backticks in a document's text and begins with `rpc` and a subcommand. */
export function inlineCommands(markdown: string): string[] {
  const text = markdown.replaceAll(/^ {0,3}```[\s\S]*?^ {0,3}```/gm, "");
  return [...text.matchAll(/`(rpc [a-z][^`]*)`/g)].map((match) => (match[1] ?? "").trim());
}

/** Splits a command as a shell does, as far as the documents need it: spaces and simple quotes. */
export function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, plain]) => single ?? double ?? plain ?? "");
}
