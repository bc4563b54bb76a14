/**
 * What a user has set outside of a program: by the environment, by `rpc.toml` of the working
 * directory, by their own. Which of these count, and which goes first, is decided here for the
 * command line and for the library.
 */

import { messageOf, RpcError, withoutStack } from "../base/errors.ts";
import { readRegularFile, userDirectory } from "../base/paths.ts";

/** The name of a settings file, in the working directory and in the user's own. */
export const settingsFileName = "rpc.toml";

/** Longest settings file, in bytes: room for all settings with long comments. */
export const settingsBytesMax = 1024 * 1024;

/** Where a value comes from, for people. */
export interface Sourced {
  readonly text: string;
  /** The flag, the variable, or the file's path. */
  readonly source: string;
  /** Its name in the file. */
  readonly setting?: string;
}

/**
 * The user's own settings file: `$XDG_CONFIG_HOME/rpc/rpc.toml`, or `%APPDATA%\rpc\rpc.toml`.
 * `undefined` where the environment names no home, as for some services: nothing is then kept, and
 * nowhere else. What is no absolute path is one below the working directory, which may be a
 * stranger's: it names no home, and a variable that holds one counts as not set, as XDG has it.
 */
export function userSettingsPath(): string | undefined {
  if (Deno.build.os === "windows") {
    return below("APPDATA", "\\AppData\\Roaming", `\\rpc\\${settingsFileName}`);
  }
  return below("XDG_CONFIG_HOME", "/.config", `/rpc/${settingsFileName}`);
}

/**
 * A path below the directory that a variable names, or else below one in the user's home;
 * `undefined` if neither is absolute.
 */
export function below(variable: string, inHome: string, path: string): string | undefined {
  const base = userDirectory(variable, inHome);
  return base === undefined ? undefined : base + path;
}

/** The settings files, the stronger one first. */
export function settingsPaths(): readonly string[] {
  const own = userSettingsPath();
  return own === undefined ? [settingsFileName] : [settingsFileName, own];
}

/**
 * Reads a settings file: texts by name, as if they stood on a command line. One that is not there
 * is empty.
 *
 * @throws {RpcError} InvalidParams: it cannot be read, is no TOML, or has more than a value for a
 * name
 */
export async function readSettingsTable(path: string): Promise<ReadonlyMap<string, Sourced>> {
  return (await readSettings(path)).settings;
}

/** What a settings file says, as far as it counts, and what of it does not. */
export interface ReadSettings {
  readonly settings: ReadonlyMap<string, Sourced>;
  /** Names that it sets and that do not count, since nobody has said that the file is trusted. */
  readonly ignored: readonly string[];
}

/**
 * As {@link readSettingsTable}, with what does not count.
 *
 * @param assertKnown throws or rejects for a name that is no setting, before its value is looked at
 * @throws {RpcError} InvalidParams
 */
export async function readSettings(
  path: string,
  assertKnown: (name: string) => unknown = () => {},
): Promise<ReadSettings> {
  let toml: string;
  try {
    toml = new TextDecoder().decode(
      withoutStack(() => readRegularFile(path, settingsBytesMax)),
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return { settings: new Map(), ignored: [] };
    }
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw invalid(`Cannot read ${path}: ${messageOf(error)}`);
  }
  const isOwn = path !== settingsFileName;
  if (path === userSettingsPath()) (await import("./own_file.ts")).assertOwn(path);
  // No TOML has a zero, and each of UTF-16's characters has one: PowerShell writes so by `>`.
  if (toml.includes("\0")) throw invalid(`Cannot read ${path}: it is UTF-16, and must be UTF-8`);
  // By its full name, because a project that imports us has no short one for it.
  // deno-lint-ignore no-import-prefix
  const { parse, TomlError } = await import("npm:smol-toml@1.9.1");
  let table: Record<string, unknown>;
  try {
    table = parse(toml);
  } catch (error) {
    // Its first line says what is wrong; those below draw where.
    const [problem] = messageOf(error).split("\n");
    const where = error instanceof TomlError ? ` (line ${error.line}, column ${error.column})` : "";
    throw invalid(`Cannot read ${path}: ${problem}${where}`);
  }
  const { counts, isTrusted, trustedListPath } = await import("./trust.ts");
  const settings = new Map<string, Sourced>();
  const ignored: string[] = [];
  const isGood = isOwn || await isTrusted(toml, trustedListPath(userSettingsPath()));
  for (const [name, value] of Object.entries(table)) {
    await assertKnown(name);
    if (typeof value === "object") {
      throw invalid(`Cannot use ${name} in ${path}: it must be a text, a number, true or false`);
    }
    if (isOwn || counts(name, isGood)) {
      settings.set(name, { text: String(value), source: path, setting: name });
    } else ignored.push(name);
  }
  return { settings, ignored };
}

/**
 * What is said of a setting: by its variable, else by the first of the files that says something.
 */
export function strongest(
  name: string,
  inFiles: readonly (Sourced | undefined)[],
): Sourced | undefined {
  return inEnvironment(name) ?? inFiles.find((said) => said !== undefined);
}

/** `drain-timeout` as it is written in the environment: `RPC_DRAIN_TIMEOUT`. */
export function environmentVariable(name: string): string {
  return `RPC_${name.replaceAll("-", "_").toUpperCase()}`;
}

/**
 * The text of one setting for a program that has no command line of ours; `undefined`: nobody said,
 * or the program has no right to read it.
 *
 * @throws {RpcError} InvalidParams, as {@link readSettingsTable}
 */
export async function readSetting(name: string): Promise<string | undefined> {
  try {
    const set = inEnvironment(name);
    if (set !== undefined) return set.text;
    const files: (Sourced | undefined)[] = [];
    for (const path of settingsPaths()) files.push((await readSettingsTable(path)).get(name));
    return strongest(name, files)?.text;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/**
 * The same for one that is true or false.
 *
 * @throws {RpcError} InvalidParams: it is neither, or as {@link readSettingsTable}
 */
export async function readBooleanSetting(name: string): Promise<boolean | undefined> {
  const text = await readSetting(name);
  if (text === undefined) return undefined;
  const value = booleanOf(text);
  if (value !== undefined) return value;
  throw invalid(`Cannot use ${JSON.stringify(text)} for ${name}: it must be true or false`);
}

/** What a text says of something that is true or false; `undefined`: neither. */
export function booleanOf(text: string): boolean | undefined {
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

function inEnvironment(name: string): Sourced | undefined {
  const variable = environmentVariable(name);
  const text = Deno.env.get(variable);
  return text === undefined || text === "" ? undefined : { text, source: variable };
}

function invalid(message: string): RpcError {
  return new RpcError("InvalidParams", message);
}
