import { messageOf } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { Command } from "./command.ts";
import { environmentName, type Flag, type Flags, kebabCase } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** The name of a settings file, in the working directory and in the user's own. */
export const settingsFileName = "rpc.toml";

/** Where a value comes from, for people. */
export interface Sourced {
  readonly text: string;
  /** The flag, the variable, or the file's path. */
  readonly source: string;
  /** Its name in the file. */
  readonly setting?: string;
}

/** The settings of one file: texts by key, as if they stood on the command line. */
export type FileSettings = ReadonlyMap<string, Sourced>;

/** The user's own settings file: `$XDG_CONFIG_HOME/rpc/rpc.toml`, or `%APPDATA%\rpc\rpc.toml`. */
export function userSettingsPath(): string {
  const separator = Deno.build.os === "windows" ? "\\" : "/";
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".";
  const base = Deno.build.os === "windows"
    ? Deno.env.get("APPDATA") ?? `${home}\\AppData\\Roaming`
    : Deno.env.get("XDG_CONFIG_HOME") || `${home}/.config`;
  return [base, "rpc", settingsFileName].join(separator);
}

/** The directory for what is kept between runs: the last known lists. */
export function stateDirectory(): string {
  const home = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE") ?? ".";
  if (Deno.build.os === "windows") {
    return `${Deno.env.get("LOCALAPPDATA") ?? `${home}\\AppData\\Local`}\\rpc\\state`;
  }
  return `${Deno.env.get("XDG_STATE_HOME") || `${home}/.local/state`}/rpc`;
}

/**
 * Reads a settings file; one that is not there is empty.
 *
 * @param known the flags that may be set, by key
 * @throws {UsageError} a file that cannot be read, is no TOML, or sets what does not exist
 */
export async function readSettingsFile(path: string, known: Flags): Promise<FileSettings> {
  let toml: string;
  try {
    toml = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return new Map();
    }
    throw new UsageError(`Cannot read ${path}: ${messageOf(error)}`);
  }
  const { parse, TomlError } = await import("smol-toml");
  let table: Record<string, unknown>;
  try {
    table = parse(toml);
  } catch (error) {
    // Its first line says what is wrong; those below draw where.
    const [problem] = messageOf(error).split("\n");
    const where = error instanceof TomlError ? ` (line ${error.line}, column ${error.column})` : "";
    throw new UsageError(`Cannot read ${path}: ${problem}${where}`);
  }
  const keys = new Map(Object.keys(known).map((key) => [kebabCase(key), key]));
  const settings = new Map<string, Sourced>();
  for (const [name, value] of Object.entries(table)) {
    const key = keys.get(name);
    if (key === undefined) {
      const near = nearest(name, [...keys.keys()]);
      const hint = near === undefined ? "see: rpc config get" : `did you mean ${near}?`;
      throw new UsageError(`Cannot use ${path}: there is no setting ${name}; ${hint}`);
    }
    if (typeof value === "object") {
      throw new UsageError(
        `Cannot use ${name} in ${path}: it must be a text, a number, true or false`,
      );
    }
    settings.set(key, { text: String(value), source: path, setting: name });
  }
  return settings;
}

/** Both settings files, the stronger one first. */
export async function readSettingsFiles(known: Flags): Promise<readonly FileSettings[]> {
  return [
    await readSettingsFile(settingsFileName, known),
    await readSettingsFile(userSettingsPath(), known),
  ];
}

/**
 * The text of one flag by precedence: command line, environment, the working directory's file, the
 * user's file. `undefined`: nobody said.
 */
export function lookUp(
  key: string,
  flag: Flag,
  given: ReadonlyMap<string, string>,
  files: readonly FileSettings[],
): Sourced | undefined {
  const onCommandLine = given.get(key);
  if (onCommandLine !== undefined) return { text: onCommandLine, source: `--${kebabCase(key)}` };
  if (!flag.setting) return undefined;
  const variable = environmentName(key);
  const inEnvironment = Deno.env.get(variable);
  if (inEnvironment !== undefined && inEnvironment !== "") {
    return { text: inEnvironment, source: variable };
  }
  return files.find((file) => file.has(key))?.get(key);
}

/**
 * The values of a command's flags.
 *
 * @param known every command's settings, since one file serves them all
 * @throws {UsageError} a value that cannot be, and where it stands
 */
export async function resolveFlags(
  command: Command,
  given: ReadonlyMap<string, string>,
  known: Flags,
): Promise<Record<string, unknown>> {
  const needsFiles = Object.values(command.flags).some(({ setting }) => setting);
  const files = needsFiles ? await readSettingsFiles(known) : [];
  const values: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(command.flags)) {
    const found = lookUp(key, flag, given, files);
    values[key] = found === undefined ? flag.fallback : parseValue(flag, found);
  }
  return values;
}

/** Reads a flag's value, naming its source in the error. */
export function parseValue(flag: Flag, { text, source, setting }: Sourced): unknown {
  try {
    return flag.parse(text);
  } catch (error) {
    const shown = setting === undefined
      ? `${source} ${JSON.stringify(text)}`
      : `${setting} = ${JSON.stringify(text)} in ${source}`;
    throw new UsageError(`Cannot use ${shown}: ${messageOf(error)}`);
  }
}

/** Every flag that can also be set by the environment or by `rpc.toml`, over all subcommands. */
export function settingsOf(commands: readonly Command[]): Flags {
  const known: Record<string, Flags[string]> = {};
  for (const { flags } of commands) {
    for (const [key, flag] of Object.entries(flags)) {
      if (flag.setting) known[key] ??= flag;
    }
  }
  return known;
}
