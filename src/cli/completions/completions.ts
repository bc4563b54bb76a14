import { hintFor } from "../../base/names/nearest.ts";
import type { CommandInput } from "../syntax/command.ts";
import { type completionsFlags, shells } from "./flags.ts";
import { completionScripts } from "./scripts.ts";
import { exitCodes, UsageError } from "../../base/command_error.ts";
import { printText } from "../../terminal/stdout.ts";

/** `rpc completions <shell>` */
export function run({ positionals }: CommandInput<typeof completionsFlags>): Promise<number> {
  const [name = ""] = positionals;
  // PowerShell's program is called pwsh.
  const shell = name === "pwsh" ? "powershell" : shells.find((one) => one === name);
  if (shell === undefined) {
    const hint = hintFor(name, shells, `choose from ${shells.join(", ")}`);
    throw new UsageError(`There are no completions for ${JSON.stringify(name)}: ${hint}`);
  }
  printText(completionScripts[shell]);
  return Promise.resolve(exitCodes.success);
}
