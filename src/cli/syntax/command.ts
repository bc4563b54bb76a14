import type { Flags, FlagValues } from "./flags.ts";

/** One positional argument. */
export interface Positional {
  readonly name: string;
  readonly description: string;
  /** `many`: any number, the last one only. @default "one" */
  readonly count?: "one" | "optional" | "many";
  /**
   * What a shell completes it with: words; or procedures or servers of the live service; names of
   * files; names of settings; values of the setting before it. @default nothing
   */
  readonly completes?: readonly string[] | "methods" | "servers" | "files" | "settings" | "values";
}

/** What a subcommand is given. */
export interface CommandInput<Specs extends Flags> {
  readonly flags: FlagValues<Specs>;
  /** Texts of the flags that stood on the command line, by key. */
  readonly given: ReadonlyMap<string, string>;
  /**
   * The positional arguments in order: as many as the command names, or more if the last is `many`.
   */
  readonly positionals: readonly string[];
  /** Loads what describes every subcommand there is, for those that tell of the others. */
  loadCommands(): Promise<readonly Command[]>;
}

/** The module behind a subcommand. */
interface CommandModule<Specs extends Flags> {
  /**
   * Runs it and returns the exit code. Throws UsageError or RpcError for what `main` shall report.
   */
  run(input: CommandInput<Specs>): Promise<number>;
}

/**
 * A subcommand as the parser, the help and the completions see it: plain data, so that it costs
 * nothing.
 */
export interface Command<Specs extends Flags = Flags> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly flags: Specs;
  /** Command lines for the help, each with what it does. */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  /** Not in the help: for the program itself. @default false */
  readonly hidden?: boolean;
  /** Loads its module: no subcommand pays for another's. */
  // A method, not a property: commands of any flags then fit one table.
  load(): Promise<CommandModule<Specs>>;
}
