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
    [
      "rpc completions bash > ~/.local/share/bash-completion/completions/rpc",
      "for bash, permanently",
    ],
    ["rpc completions zsh > ~/.zfunc/_rpc", "for zsh, if ~/.zfunc is in fpath"],
    ["rpc completions fish > ~/.config/fish/completions/rpc.fish", "for fish, permanently"],
    ["rpc completions powershell >> $PROFILE", "for PowerShell, permanently"],
  ],
  load: () => import("../completions/completions.ts"),
};
