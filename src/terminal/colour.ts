/**
 * Colours on terminals. It imports nothing, so that a command that prints one line starts fast.
 */

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

/** How a text stands out. */
export type Colour = keyof typeof codes;

/** Where a text goes. */
interface Output {
  isTerminal(): boolean;
}

/** Whether an output is a terminal that understands escape sequences (`TERM` is not `dumb`). */
export function isScreen(output: Output): boolean {
  return output.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** The text, coloured if the output is a screen and `NO_COLOR` is not set. */
export function painted(colour: Colour, text: string, output: Output = Deno.stdout): string {
  if (text === "" || Deno.noColor || !isScreen(output)) return text;
  return `\x1b[${codes[colour]}m${text}\x1b[0m`;
}

/** The line for stderr about something that went wrong: it begins with the program's name. */
export function problemLine(text: string, colour: Colour = "red"): string {
  return `${painted(colour, "rpc:", Deno.stderr)} ${text}`;
}
