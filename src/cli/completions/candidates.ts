import type { Command, Positional } from "../syntax/command.ts";
import { type Flag, kebabCase, serverPlaceholder, zonePlaceholder } from "../syntax/flags.ts";
import { flagNamed, tokensOf } from "../syntax/parse.ts";

/** One possible completion. */
export interface Candidate {
  /** The whole word, with the part that is already written. */
  readonly value: string;
  /** One line for people; may be empty. */
  readonly description: string;
}

/** All completions of the word at the cursor. */
interface Candidates {
  readonly values: readonly Candidate[];
  /** Whether names of files fit too: the shell completes those itself. */
  readonly files: boolean;
}

/** The data for completions. */
interface CompletionSource {
  readonly commands: readonly Command[];
  /** Flags that can be set by `rpc.toml`, by key. */
  readonly settings: Readonly<Record<string, Flag>>;
  /**
   * The methods of the live service. Never rejects: without an answer the list is empty.
   */
  methods(
    command: Command,
    flags: ReadonlyMap<string, string>,
  ): Promise<readonly Candidate[]>;
  /** The servers of the service, by the same rule. */
  servers(
    command: Command,
    flags: ReadonlyMap<string, string>,
  ): Promise<readonly Candidate[]>;
  /** The zones of these servers. */
  zones(
    command: Command,
    flags: ReadonlyMap<string, string>,
  ): Promise<readonly Candidate[]>;
}

/** The command line up to the cursor. */
interface Line {
  /** The whole words before the cursor, without the program's name. */
  readonly before: readonly string[];
  /** The word at the cursor, as far as the cursor. May be empty. */
  readonly current: string;
}

const none: Candidates = { values: [], files: false };

const registryBeginnings: readonly Candidate[] = [
  { value: "local:", description: "servers on this machine" },
  { value: "zookeeper://", description: "servers on a network: host:2181[,...][/chroot]" },
  { value: "static:", description: "no registry: host:port[,...]" },
];

/** The completions of the word at the cursor; none if the line makes no sense. */
export async function candidatesFor(line: Line, source: CompletionSource): Promise<Candidates> {
  const { values, files } = await allFor(line, source);
  return { values: values.filter(({ value }) => value.startsWith(line.current)), files };
}

async function allFor({ before, current }: Line, source: CompletionSource): Promise<Candidates> {
  const [name, ...words] = before;
  if (name === undefined) return current.startsWith("-") ? programFlags : commandNames(source);
  if (name === "help") return words.length === 0 ? commandNames(source) : none;
  const command = source.commands.find((one) => one.name === name && !one.hidden);
  if (command === undefined) return none;
  const read = readWords(command, words);
  const live = (flag: Flag | undefined) => {
    if (flag?.placeholder === serverPlaceholder) return source.servers(command, read.flags);
    return flag?.placeholder === zonePlaceholder ? source.zones(command, read.flags) : undefined;
  };
  const values = await live(read.awaitsValue);
  if (values !== undefined) return { values, files: false };
  if (read.awaitsValue !== undefined) return ofFlag(read.awaitsValue);
  if (current.startsWith("-") && !read.isLiteral) {
    const [name = ""] = current.split("=", 1);
    const found = name === current ? undefined : await live(flagNamed(command, name)?.[1]);
    if (found === undefined) return flagsOf(command, current);
    return {
      values: found.map((one) => ({ ...one, value: `${name}=${one.value}` })),
      files: false,
    };
  }
  const spec = command.positionals[read.positionals.length] ?? lastIfMany(command);
  const completes = spec?.completes;
  if (typeof completes === "object" && "as" in completes) {
    // Without -- before them, the parser would take that subcommand's flags for this one's.
    if (!read.isLiteral) return none;
    const own = command.positionals.length - 1;
    return await allFor(
      { before: [completes.as, ...read.positionals.slice(own)], current },
      source,
    );
  }
  return await ofPositional(completes, command, read, source);
}

const programFlags: Candidates = {
  values: [
    { value: "--help", description: "Show the help" },
    { value: "--version", description: "Show the version" },
  ],
  files: false,
};

function commandNames({ commands }: CompletionSource): Candidates {
  const shown = commands.filter(({ hidden }) => !hidden);
  const values = shown.map(({ name, summary }) => ({ value: name, description: summary }));
  return {
    values: [...values, { value: "help", description: "Show the help of a command" }],
    files: false,
  };
}

/** The meaning of the words before the cursor. */
interface ReadWords {
  /** Texts of flags by key. */
  readonly flags: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
  /** The flag whose value comes next, if the last word is one. */
  readonly awaitsValue: Flag | undefined;
  /** Whether `--` came, after which nothing is a flag. */
  readonly isLiteral: boolean;
}

/** Reads a line like the parser, but without errors, since it is unfinished. */
function readWords(command: Command, words: readonly string[]): ReadWords {
  const flags = new Map<string, string>();
  const positionals: string[] = [];
  let awaitsValue: Flag | undefined;
  let isLiteral = false;
  for (const token of tokensOf(command, words)) {
    if (token.kind === "positional") positionals.push(token.text);
    else if (token.kind === "end") isLiteral = true;
    else if (token.kind === "flag" && token.flag.placeholder !== undefined) {
      if (token.value === undefined) awaitsValue = token.flag;
      else flags.set(token.key, token.value);
    }
  }
  return { flags, positionals, awaitsValue, isLiteral };
}

function flagsOf(command: Command, current: string): Candidates {
  const equals = current.indexOf("=");
  if (equals !== -1) {
    const name = current.slice(0, equals);
    const flag = flagNamed(command, name)?.[1];
    if (flag === undefined) return none;
    const { values, files } = ofFlag(flag);
    return { values: values.map((one) => ({ ...one, value: `${name}=${one.value}` })), files };
  }
  const own = Object.entries(command.flags).map(([key, { description }]) => ({
    value: `--${kebabCase(key)}`,
    description,
  }));
  return { values: [...own, { value: "--help", description: "Show this help" }], files: false };
}

function ofFlag(flag: Flag): Candidates {
  if (flag.choices !== undefined) return wordsOnly(flag.choices);
  switch (flag.placeholder) {
    case "<url>":
      return { values: registryBeginnings, files: false };
    case "<file>":
    case "<paths>":
    case "<interpreter>":
    case "<programs>":
      return { values: [], files: true };
    default:
      return none;
  }
}

function lastIfMany(command: Command): Positional | undefined {
  const last = command.positionals.at(-1);
  return last?.count === "many" ? last : undefined;
}

async function ofPositional(
  completes: Exclude<Positional["completes"], { readonly as: string }>,
  command: Command,
  read: ReadWords,
  source: CompletionSource,
): Promise<Candidates> {
  switch (completes) {
    case undefined:
      return none;
    case "files":
      return { values: [], files: true };
    case "methods":
      return { values: await source.methods(command, read.flags), files: false };
    case "servers":
      return { values: await source.servers(command, read.flags), files: false };
    case "settings":
      return settingNames(source);
    case "values": {
      const setting = Object.entries(source.settings)
        .find(([key]) => kebabCase(key) === read.positionals.at(-1))?.[1];
      return setting === undefined ? none : ofFlag(setting);
    }
    default:
      return wordsOnly(completes);
  }
}

function settingNames({ settings }: CompletionSource): Candidates {
  const values = Object.entries(settings).map(([key, { description }]) => ({
    value: kebabCase(key),
    description,
  }));
  return { values, files: false };
}

function wordsOnly(words: readonly string[]): Candidates {
  return { values: words.map((value) => ({ value, description: "" })), files: false };
}
