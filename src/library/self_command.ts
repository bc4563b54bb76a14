/** How to start a program. */
interface ProcessCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/** How to start this very program again: the binary itself, or Deno with the same entry point. */
export function selfCommand(args: readonly string[]): ProcessCommand {
  const program = Deno.execPath();
  if (Deno.build.standalone) return { program, args };
  const entry = new URL("../../main.ts", import.meta.url).href;
  return { program, args: ["run", "--allow-all", "--no-prompt", entry, ...args] };
}
