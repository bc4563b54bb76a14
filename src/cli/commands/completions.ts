import { completionsFlags, shells } from "../completions/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc completions`, as data. */
export const command: Command<typeof completionsFlags> = {
  name: "completions",
  summary: "Print a script for Tab completion in a shell",
  positionals: [
    {
      name: "shell",
      description: shells.join(", "),
      completes: shells,
    },
  ],
  flags: completionsFlags,
  examples: [
    // Into files that every shell reads: directories for completions may be missing.
    ["rpc completions bash >> ~/.bashrc", "for bash, permanently"],
    ["rpc completions zsh >> ~/.zshrc", "for zsh, permanently"],
    ["rpc completions fish > ~/.config/fish/completions/rpc.fish", "for fish, permanently"],
    ["rpc completions powershell >> $PROFILE", "for PowerShell, permanently"],
  ],
  load: () => import("../completions/completions.ts"),
};
