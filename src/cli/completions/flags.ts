import { text } from "../syntax/flags.ts";

/** The shells that `rpc completions` knows. */
export const shells = ["bash", "zsh", "fish", "powershell"] as const;

/** The flags of `rpc completions`. */
export const completionsFlags = {};

/** The flags of `rpc complete`. */
export const completeFlags = {
  current: text("<word>", { description: "The word at the cursor", fallback: "" }),
};
