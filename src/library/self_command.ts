/** How to start a program. */
interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** The command that starts this program again: the binary, or Deno with the same entry point. */
export function selfCommand(args: readonly string[]): ProcessCommand {
  const program = Deno.execPath();
  if (Deno.build.standalone) return { program, args };
  const entry = new URL("../../main.ts", import.meta.url).href;
  return { program, args: ["run", "--allow-all", "--no-prompt", entry, ...args] };
}
