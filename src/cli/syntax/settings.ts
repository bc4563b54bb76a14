import { messageOf, RpcError } from "../../base/errors.ts";
import {
  below,
  type ReadSettings,
  readSettings,
  settingsFileName,
  settingsPaths,
  type Sourced,
  strongest,
} from "../../library/settings.ts";
import type { Command } from "./command.ts";
import { type Flag, type Flags, kebabCase, settingKeyOf } from "./flags.ts";
import { UsageError } from "../../base/command_error.ts";

export { userSettingsPath } from "../../library/settings.ts";

/** Loads all flags, which is only needed if there is a settings file. */
type KnownFlags = () => Flags | Promise<Flags>;

/** The settings of one file: texts by key, as if they stood on the command line. */
interface FileSettings extends ReadonlyMap<string, Sourced> {
  /** Keys that it sets and that do not count, since nobody has said that the file is trusted. */
  readonly ignored?: readonly string[];
}

/** The directory for data between runs, the last known lists; `undefined` without a home. */
export function stateDirectory(): string | undefined {
  if (Deno.build.os === "windows") {
    return below("LOCALAPPDATA", "\\AppData\\Local", "\\rpc\\state");
  }
  return below("XDG_STATE_HOME", "/.local/state", "/rpc");
}

/**
 * Reads a settings file; a missing one is empty.
 *
 * @param known the flags that may be set, by key; not called without a file
 * @throws {UsageError} the file cannot be read, is not TOML, or sets an unknown name
 */
export async function readSettingsFile(path: string, known: KnownFlags): Promise<FileSettings> {
  const settings = new Map<string, Sourced>();
  const keyOf = async (name: string) => {
    const keys = new Map(Object.keys(await known()).map((key) => [kebabCase(key), key]));
    const key = keys.get(name);
    if (key !== undefined) return key;
    const { hintFor } = await import("../../base/names/nearest.ts");
    const hint = hintFor(name, [...keys.keys()], "see: rpc config get");
    throw new UsageError(`Cannot use ${path}: there is no setting ${name}; ${hint}`);
  };
  let read: ReadSettings;
  try {
    read = await readSettings(path, keyOf);
  } catch (error) {
    if (error instanceof RpcError) throw new UsageError(error.message);
    throw error;
  }
  for (const [name, sourced] of read.settings) settings.set(await keyOf(name), sourced);
  return Object.assign(settings, { ignored: await Promise.all(read.ignored.map(keyOf)) });
}

/** The settings files, the stronger one first. */
export async function readSettingsFiles(known: KnownFlags): Promise<readonly FileSettings[]> {
  const files: FileSettings[] = [];
  for (const path of settingsPaths()) files.push(await readSettingsFile(path, known));
  return files;
}

/**
 * The text of one flag by precedence: command line, environment, the working directory's file, the
 * user's file. `undefined` if it is not set.
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
  const name = settingKeyOf(key, flag);
  return strongest(kebabCase(name), files.map((file) => file.get(name)));
}

/**
 * The values of a command's flags.
 *
 * @param known loads the settings of all commands, since they share the files
 * @param note called with remarks for people: ignored settings, and settings that redirect calls
 * @throws {UsageError} an invalid value, and where it is set
 */
export async function resolveFlags(
  command: Command,
  given: ReadonlyMap<string, string>,
  known: KnownFlags,
  note: (text: string) => void = () => {},
): Promise<Record<string, unknown>> {
  const needsFiles = Object.values(command.flags).some(({ setting }) => setting);
  const files = needsFiles ? await readSettingsFiles(known) : [];
  const values: Record<string, unknown> = {};
  for (const [key, flag] of Object.entries(command.flags)) {
    const found = lookUp(key, flag, given, files);
    values[key] = found === undefined ? flag.fallback : parseValue(flag, found);
    if (found?.source === settingsFileName && key === "registry") {
      note(`the registry is the one of ${settingsFileName} in this directory`);
    } else if (key === "registry" && found !== undefined && given.get("verbose") === "true") {
      note(`the registry is the one of ${found.source}`);
    } else if (files[0]?.ignored?.includes(settingKeyOf(key, flag)) && !isSaidAbove(found)) {
      const { reasonOf } = await import("../../library/trust.ts");
      const name = kebabCase(settingKeyOf(key, flag));
      note(`${settingsFileName} of this directory sets ${name}, ${reasonOf(name)}`);
    }
  }
  return values;
}

/** Whether a value comes from a source that precedes the working directory's file. */
function isSaidAbove(found: Sourced | undefined): boolean {
  return found !== undefined && found.setting === undefined;
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

/** All flags of all subcommands that can also be set by the environment or by `rpc.toml`. */
export function settingsOf(commands: readonly Command[]): Flags {
  const known: Record<string, Flags[string]> = {};
  for (const { flags } of commands) {
    for (const [key, flag] of Object.entries(flags)) {
      if (flag.setting) known[settingKeyOf(key, flag)] ??= flag;
    }
  }
  return known;
}
