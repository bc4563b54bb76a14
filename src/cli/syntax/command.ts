import type { Flags, FlagValues } from "./flags.ts";

/** One positional argument. */
export interface Positional {
  readonly name: string;
  readonly description: string;
  /** `many`: any number, only for the last argument. @default "one" */
  readonly count?: "one" | "optional" | "many";
  /**
   * How shells complete it: with these words; with methods or servers of the live service; with
   * names of files or of settings; with values of the setting before it; or, with all that follow
   * it, as the arguments of another subcommand. @default not at all
   */
  readonly completes?:
    | readonly string[]
    | "methods"
    | "servers"
    | "files"
    | "settings"
    | "values"
    | { readonly as: string };
}

/** The input of a subcommand. */
export interface CommandInput<Specs extends Flags> {
  readonly flags: FlagValues<Specs>;
  /** Texts of the flags on the command line, by key. */
  readonly given: ReadonlyMap<string, string>;
  /**
   * The positional arguments in order: as many as the command names, or more if the last is `many`.
   */
  readonly positionals: readonly string[];
  /** Loads the descriptions of all subcommands, for those that need them. */
  loadCommands(): Promise<readonly Command[]>;
}

/** The module behind a subcommand. */
interface CommandModule<Specs extends Flags> {
  /**
   * Runs it and returns the exit code. Throws UsageError or RpcError for `main` to report.
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
  /** Command lines for the help, each with its meaning. */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  /** Whether the help omits it, since it is for the program itself. @default false */
  readonly hidden?: boolean;
  /** Loads its module, so that no subcommand loads another's. */
  // A method, not a property: commands of any flags then fit one table.
  load(): Promise<CommandModule<Specs>>;
}
