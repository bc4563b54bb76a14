import { messageOf, RpcError } from "../base/errors.ts";
import type { Command } from "./syntax/command.ts";
import { CommandError, exitCodes, UsageError } from "../base/command_error.ts";
import { loadCommand, loadCommands } from "./commands.ts";
import { parseArguments } from "./syntax/parse.ts";
import { resolveFlags, settingsOf } from "./syntax/settings.ts";
import { printLine, printOnStderr, problemLine } from "../terminal/stdout.ts";
import { indentedText, plainLine, plainText, toldText } from "../base/values/plain_text.ts";

// What these load in turn is named here, too: Deno parses the source map of each file that is the
// first to name another one, which takes as long as loading it (docs/TUNING.md, Start-up).
import "../base/limits.ts";
import "../base/names/nearest.ts";
import "../base/paths.ts";
import "../library/settings.ts";
import "./syntax/flags.ts";

/** The oldest Deno that has all that is used here: older ones fail somewhere, or hang. */
const denoLeast = [2, 9] as const;

/**
 * Runs a command line, without the program's name, and returns the exit code.
 *
 * @param deno the version of the runtime
 */
export async function main(
  args: readonly string[],
  deno: string = Deno.version.deno,
): Promise<number> {
  let verbose: boolean | undefined;
  try {
    const [major = 0, minor = 0] = deno.split(".", 2).map(Number);
    if (major < denoLeast[0] || major === denoLeast[0] && minor < denoLeast[1]) {
      throw new CommandError(
        `Cannot run on Deno ${deno}: it must be ${denoLeast.join(".")} or later. Run deno upgrade`,
      );
    }
    const [first, ...rest] = args;
    if (first === undefined || asksForHelp(first)) {
      return await help(rest.find((word) => !asksForHelp(word)), first === undefined);
    }
    if (versionFlags.includes(first)) {
      const { versionText } = await import("./process/version.ts");
      printLine(versionText());
      return exitCodes.success;
    }
    const command = await find(first, rest);
    const parsed = parseArguments(command, rest);
    if (parsed.help) return await help(command.name, false);
    if ("verbose" in command.flags) verbose = parsed.flags.get("verbose") === "true";
    const flags = await resolveFlags(
      command,
      parsed.flags,
      async () => settingsOf(await loadCommands()),
      (text) => printOnStderr(`rpc: ${plainLine(toldText(text))}`),
    );
    const { run } = await command.load();
    const { flags: given, positionals } = parsed;
    return await run({ flags, given, positionals, loadCommands });
  } catch (error) {
    return report(error, verbose);
  }
}

/** What asks for help in the place of a command. */
const helpWords = ["help", "--help", "-h"];

/** What else may stand there. */
const versionFlags = ["--version", "-V"];

function asksForHelp(word: string): boolean {
  return helpWords.includes(word);
}

/** @param rest the words after the name, which may contain the command's name */
async function find(name: string, rest: readonly string[]): Promise<Command> {
  const command = await loadCommand(name);
  if (command !== undefined) return command;
  const { hintFor } = await import("../base/names/nearest.ts");
  const kind = name.startsWith("-") ? "flag" : "command";
  const otherwise = kind === "flag"
    ? "see rpc help"
    : `see rpc help; a procedure is called by rpc call ${name}`;
  const names = (await loadCommands()).filter(({ hidden }) => !hidden).map((one) => one.name);
  const meant = name.startsWith("-") ? rest.find((word) => names.includes(word)) : undefined;
  if (meant !== undefined) {
    throw new UsageError(`Cannot use ${name} before the command: write rpc ${meant} ... ${name}`);
  }
  const hint = hintFor(name, [...names, ...helpWords, ...versionFlags], otherwise);
  throw new UsageError(`Unknown ${kind} ${JSON.stringify(name)}: ${hint}`);
}

async function help(name: string | undefined, isMistake: boolean): Promise<number> {
  const { commandHelp, programHelp } = await import("./syntax/help.ts");
  const text = name === undefined
    ? programHelp(await loadCommands())
    : commandHelp(await find(name, []));
  if (isMistake) printOnStderr(text.trimEnd());
  else printLine(text.trimEnd());
  return isMistake ? exitCodes.usage : exitCodes.success;
}

/**
 * Prints in one line what went wrong, with details of the program only on request.
 *
 * @param verbose `undefined`: the command has no such flag
 */
function report(error: unknown, verbose: boolean | undefined): number {
  if (error instanceof UsageError) {
    tell(error.message);
    return exitCodes.usage;
  }
  if (error instanceof RpcError) {
    printOnStderr(problemLine(plainLine(toldText(`${error.name}: ${error.message}`))));
  } else if (error instanceof CommandError) tell(error.message);
  else if (/run again with the --allow-\w+ flag$/.test(messageOf(error))) {
    // Of a module that cannot be read it is no Deno.errors.NotCapable.
    tell(`Deno has not all rights that rpc needs, run it with -A: ${messageOf(error)}`);
  } else tell(`${messageOf(error)}${verbose === false ? " (--verbose tells more)" : ""}`);
  if (verbose) printOnStderr(indentedText(toldText(Deno.inspect(error))));
  return exitCodes.failure;
}

/**
 * Prints a message. It may quote another program, so its further lines are indented: none can look
 * like our own output.
 */
function tell(message: string): void {
  const text = plainText(toldText(message));
  const isIndented = !/\n(?! {2})/.test(text);
  printOnStderr(problemLine(isIndented ? text : text.replaceAll("\n", "\n  ")));
}
