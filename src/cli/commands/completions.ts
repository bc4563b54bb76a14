import { completionsFlags, shells } from "../completions/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc completions`, as data. */
export const command: Command<typeof completionsFlags> = {
  name: "completions",
  summary: "Print what lets a shell complete rpc's command lines at Tab",
  positionals: [
    {
      name: "shell",
      description: shells.join(", "),
      completes: shells,
    },
  ],
  flags: completionsFlags,
  examples: [
    ["rpc completions bash > ~/.local/share/bash-completion/completions/rpc", "bash, for good"],
    ["rpc completions zsh > ~/.zfunc/_rpc", "zsh, where ~/.zfunc is in its fpath"],
    ["rpc completions fish > ~/.config/fish/completions/rpc.fish", "fish, for good"],
    ["rpc completions powershell >> $PROFILE", "PowerShell, for good"],
  ],
  load: () => import("../completions/completions.ts"),
};
