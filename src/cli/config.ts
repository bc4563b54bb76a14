import { messageOf, RpcError } from "../base/errors.ts";
import { appendLine, homeVariable, joinPath, readRegularFile } from "../base/paths.ts";
import { hintFor } from "../base/names/nearest.ts";
import { assertServiceName, parseRegistryUrl, withoutPassword } from "../discovery/registry_url.ts";
import { plainLine, plainText, recordLine } from "../base/values/plain_text.ts";
import type { CommandInput } from "./syntax/command.ts";
import { CommandError, exitCodes, UsageError } from "../base/command_error.ts";
import { configActions, type configFlags } from "./config_flags.ts";
import { environmentName, type Flag, type Flags, kebabCase } from "./syntax/flags.ts";
import {
  lookUp,
  parseValue,
  readSettingsFile,
  readSettingsFiles,
  settingsOf,
  userSettingsPath,
} from "./syntax/settings.ts";
import type { SettingValue } from "./syntax/settings_writer.ts";
import { printLine, printOnStderr } from "../terminal/stdout.ts";
import { readSettingsTable, settingsBytesMax, settingsFileName } from "../library/settings.ts";
import { isTrusted, trustedListPath, trustLine } from "../library/trust.ts";

/** `rpc config get|set|unset|path|trust` */
export async function run(input: CommandInput<typeof configFlags>): Promise<number> {
  const [action, name, value] = input.positionals;
  const settings = settingsOf(await input.loadCommands());
  switch (action) {
    case "path":
      printLine(input.flags.json ? recordLine({ path: ownPath() }) : ownPath());
      return exitCodes.success;
    case "get":
      return await get(settings, name, input.flags.json);
    case "set":
      if (name === undefined || value === undefined) {
        throw new UsageError("Missing the setting or its value: rpc config set <setting> <value>");
      }
      return await set(settings, name, value);
    case "unset":
      if (name === undefined) {
        throw new UsageError("Missing the setting: rpc config unset <setting>");
      }
      return await unset(settings, name);
    case "trust":
      return await trust(settings, input.flags.json);
    default:
      throw new UsageError(
        `Unknown action ${JSON.stringify(action)}: ${
          hintFor(action ?? "", configActions, `there are ${configActions.join(", ")}`)
        }`,
      );
  }
}

async function get(settings: Flags, name: string | undefined, json: boolean): Promise<number> {
  const files = await readSettingsFiles(() => settings);
  const wanted = name === undefined ? Object.entries(settings) : [find(settings, name)];
  const lines: (readonly [assignment: string, source: string])[] = [];
  for (const [key, flag] of wanted) {
    const found = lookUp(key, flag, new Map(), files);
    const value = shown(found === undefined ? flag.fallback : parseValue(flag, found));
    const source = found?.source ?? "default";
    if (json) {
      printLine(recordLine({ setting: kebabCase(key), value: value ?? null, source }));
    } else if (name !== undefined) printLine(plainLine(String(value ?? "")));
    else lines.push([`${kebabCase(key)} = ${JSON.stringify(value ?? "")}`, source]);
  }
  const width = Math.max(...lines.map(([assignment]) => assignment.length));
  for (const [assignment, source] of lines) {
    printLine(plainLine(`${assignment.padEnd(width)}  # ${source}`));
  }
  return exitCodes.success;
}

/** A value to be shown, without a password. */
function shown(value: unknown): unknown {
  return typeof value === "string" ? withoutPassword(value) : value;
}

async function set(settings: Flags, name: string, text: string): Promise<number> {
  const [key, flag] = find(settings, name);
  const value = parseValue(flag, { text, source: name }) as SettingValue;
  checkMeaning(key, text);
  const path = ownPath();
  // A file that commands cannot read is not changed.
  await readSettingsFile(path, () => settings);
  const { writeSetting } = await import("./syntax/settings_writer.ts");
  await writeSetting(path, kebabCase(key), value);
  const variable = environmentName(key);
  if (Deno.env.get(variable)) {
    printOnStderr(`rpc: ${variable} is set in the environment, and goes before the file`);
  }
  return exitCodes.success;
}

async function unset(settings: Flags, name: string): Promise<number> {
  const path = ownPath();
  // Also an unknown name, which makes every command fail.
  const isThere = (await tableOf(path)).has(name);
  if (!isThere) find(settings, name);
  const { writeSetting } = await import("./syntax/settings_writer.ts");
  if (isThere) await writeSetting(path, name, undefined);
  else printOnStderr(`rpc: ${name} is not set in ${path}`);
  return exitCodes.success;
}

/** The file as all commands read it, but with unknown names. */
async function tableOf(path: string): ReturnType<typeof readSettingsTable> {
  try {
    return await readSettingsTable(path);
  } catch (error) {
    if (error instanceof RpcError) throw new UsageError(error.message);
    throw error;
  }
}

function ownPath(): string {
  const path = userSettingsPath();
  if (path !== undefined) return path;
  throw new CommandError(
    `Cannot tell where settings are kept: neither ${homeVariable} nor ` +
      `${Deno.build.os === "windows" ? "APPDATA" : "XDG_CONFIG_HOME"} is an absolute path`,
  );
}

/** Trusts the working directory's file with its current content, if commands can use all of it. */
async function trust(settings: Flags, json: boolean): Promise<number> {
  let text: string;
  try {
    text = new TextDecoder().decode(readRegularFile(settingsFileName, settingsBytesMax));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new CommandError(`There is no ${settingsFileName} in ${Deno.cwd()}: nothing to trust`);
    }
    throw new CommandError(`Cannot read ${settingsFileName} here: ${messageOf(error)}`);
  }
  const path = trustedListPath(userSettingsPath());
  if (path === undefined) {
    throw new CommandError(
      `Cannot remember what is trusted: the environment has no ${homeVariable}`,
    );
  }
  // By its full path all of it counts already, as in the user's own file.
  const read = await readSettingsFile(joinPath(Deno.cwd(), settingsFileName), () => settings);
  for (const [key, sourced] of read) {
    parseValue(settings[key] as Flag, sourced);
    checkMeaning(key, sourced.text);
  }
  if (json) printLine(recordLine({ path: joinPath(Deno.cwd(), settingsFileName), content: text }));
  else printLine(plainText(text.trimEnd()));
  if (!await isTrusted(text, path)) {
    try {
      Deno.mkdirSync(path.replace(/[/\\][^/\\]*$/, ""), { recursive: true, mode: 0o700 });
      appendLine(path, await trustLine(text));
    } catch (error) {
      throw new CommandError(`Cannot write ${path}: ${messageOf(error)}`, { cause: error });
    }
  }
  printOnStderr(
    `rpc: trusted, until it changes: ${settingsFileName} in ${plainLine(Deno.cwd())}`,
  );
  return exitCodes.success;
}

/** Refuses values that would make every later command fail. */
function checkMeaning(key: string, text: string): void {
  try {
    if (key === "registry") parseRegistryUrl(text);
    if (key === "service") assertServiceName(text);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function find(settings: Flags, name: string): [key: string, flag: Flag] {
  const known = Object.entries(settings);
  const found = known.find(([key]) => kebabCase(key) === name);
  if (found !== undefined) return found;
  const hint = hintFor(name, known.map(([key]) => kebabCase(key)), "see: rpc config get");
  throw new UsageError(`There is no setting ${JSON.stringify(name)}: ${hint}`);
}
