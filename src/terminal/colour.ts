/**
 * Colours where there is somebody to see them. It loads nothing, so that a command that prints one
 * line is not held up.
 */

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** How a text stands out. */
export type Colour = keyof typeof codes;

/** Where a text goes. */
interface Output {
  isTerminal(): boolean;
}

/** Whether an output is a terminal that does more than take lines: one by name `dumb` does not. */
export function isScreen(output: Output): boolean {
  return output.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** The text as it stands on an output: coloured if that is a screen, and colours are wanted. */
export function painted(colour: Colour, text: string, output: Output = Deno.stdout): string {
  if (text === "" || Deno.noColor || !isScreen(output)) return text;
  return `\x1b[${codes[colour]}m${text}\x1b[0m`;
}

/** A line on stderr of something that went wrong, behind the program's name. */
export function problemLine(text: string, colour: Colour = "red"): string {
  return `${painted(colour, "rpc:", Deno.stderr)} ${text}`;
}
