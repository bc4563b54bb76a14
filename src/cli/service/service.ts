import { hintFor } from "../../base/names/nearest.ts";
import { CommandError, exitCodes, UsageError } from "../../base/command_error.ts";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { directoryOf, replaceFile, userDirectory } from "../../base/paths.ts";
import { withoutPassword } from "../../discovery/registry_url.ts";
import { selfCommand } from "../../library/self_command.ts";
import { jsonLine, plainText } from "../../terminal/plain_text.ts";
import { printLine } from "../../terminal/stdout.ts";
import type { CommandInput } from "../syntax/command.ts";
import { assertModule } from "../serve/module_file.ts";
import { placeOf } from "../serve/place.ts";
import { parseArguments } from "../syntax/parse.ts";
import { resolveFlags, settingsOf } from "../syntax/settings.ts";
import { askToStop } from "./ask_to_stop.ts";
import { serviceActions, type serviceFlags } from "./flags.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";
import {
  systemdInstall,
  systemdReload,
  systemdStatus,
  systemdUninstall,
  unitPath,
  type UnitPlace,
} from "./systemd.ts";
import { taskInstall, taskPaths, type TaskPlace, taskStatus, taskUninstall } from "./windows.ts";

type Input = CommandInput<typeof serviceFlags>;

/** Names that are valid for units, tasks and files on all systems. */
const serviceName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Environment variables by which a server finds its settings, keys and programs. */
const inherited = /^(RPC_[A-Z_]+|XDG_(CONFIG|STATE)_HOME|PATH)$/i;

/** `rpc service install|uninstall|status [-- serve <host> <port> ...]` */
export async function run(input: Input): Promise<number> {
  const { flags, positionals: [word, ...words] } = input;
  const action = serviceActions.find((one) => one === word);
  if (action === undefined) {
    throw new UsageError(
      `Unknown action ${JSON.stringify(word)}: ${
        hintFor(word ?? "", serviceActions, `there are ${serviceActions.join(", ")}`)
      }`,
    );
  }
  if (!serviceName.test(flags.name)) {
    throw new UsageError(
      `Cannot use the name ${JSON.stringify(flags.name)}: it must be 1 to 64 letters, digits, ` +
        '".", "_" or "-", beginning with a letter or digit',
    );
  }
  if (action !== "install" && words.length > 0) {
    throw new UsageError(`${action} takes no command line`);
  }
  if (action !== "status" && flags.json) {
    throw new UsageError(`${action} prints no JSON: leave --json out`);
  }
  const system = systemOf(flags.name, flags.user);
  if (action === "status") return await status(system, flags.json, flags.print);
  if (action === "uninstall") return await uninstall(system, flags.print);
  const plan = await planOf(input, words, system.isOfUser);
  return await install(system, system.install(plan), flags.print);
}

/** The system's service manager, as far as we use it. */
interface System {
  readonly name: string;
  readonly isOfUser: boolean;
  /** The path of the file that defines the service: it has our mark. */
  readonly path: string;
  /** Files that were written besides. */
  readonly otherPaths: readonly string[];
  install(plan: ServicePlan): Steps;
  readonly uninstall: Steps;
  readonly status: readonly string[];
  /** A command that only works if the service manager is installed. */
  readonly probe: readonly string[];
  /** The command to run after the file was removed. */
  readonly forget: readonly string[] | undefined;
}

/** @throws {CommandError} this system has no service manager that we know */
function systemOf(name: string, wantsUser: boolean): System {
  switch (Deno.build.os) {
    case "windows": {
      const variable = wantsUser ? "LOCALAPPDATA" : "ProgramFiles";
      const directory = Deno.env.get(variable);
      if (!directory) throw new CommandError(`Cannot tell where to write: ${variable} is not set`);
      const account = [Deno.env.get("USERDOMAIN"), Deno.env.get("USERNAME")];
      const user = account.filter((one) => one).join("\\");
      const place: TaskPlace = { name, user: wantsUser ? user : undefined, directory };
      const { script, definition } = taskPaths(place);
      return {
        ...{ name, isOfUser: wantsUser, path: script, otherPaths: [definition] },
        forget: undefined,
        install: (plan) => taskInstall(plan, place),
        uninstall: taskUninstall(place),
        status: taskStatus(place),
        probe: ["schtasks", "/?"],
      };
    }
    case "linux": {
      const isOfUser = wantsUser || Deno.uid() !== 0;
      const configDirectory = userDirectory("XDG_CONFIG_HOME", "/.config");
      if (isOfUser && configDirectory === undefined) {
        throw new CommandError("Cannot tell where this user's units are: HOME is no absolute path");
      }
      const place: UnitPlace = { name, isOfUser, configDirectory };
      return {
        ...{ name, isOfUser, path: unitPath(place), otherPaths: [] },
        forget: systemdReload(place),
        install: (plan) => systemdInstall(plan, place),
        uninstall: systemdUninstall(place),
        status: systemdStatus(place),
        probe: ["systemctl", "is-system-running"],
      };
    }
    default:
      throw new CommandError(
        `Cannot do so on ${Deno.build.os}: rpc service knows systemd (Linux) and Windows`,
      );
  }
}

/**
 * The plan of a service, whose command line must be valid for `rpc serve`, here and as this user.
 *
 * @throws {UsageError} it is not valid, or would store a password where others can read it
 * @throws {CommandError} there is no such module
 */
async function planOf(
  { flags, loadCommands }: Input,
  words: readonly string[],
  isOfUser: boolean,
): Promise<ServicePlan> {
  const commands = await loadCommands();
  const serve = commands.find(({ name }) => name === "serve");
  const args = words[0] === "serve" ? words.slice(1) : words;
  if (args.length === 0 || serve === undefined) {
    throw new UsageError(
      "Missing what to serve: rpc service install -- 192.168.0.211 6666 tasks.ts",
    );
  }
  const parsed = parseArguments(serve, args);
  if (parsed.help) throw new UsageError("--help is no server: rpc serve --help");
  const { module } = placeOf(parsed.positionals);
  if (module !== undefined) assertModule(module);
  const known = settingsOf(commands);
  const values = await resolveFlags(serve, parsed.flags, () => Promise.resolve(known), () => {});
  const { program, args: own } = selfCommand(["serve", ...args]);
  const environment = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([key, value]) =>
      inherited.test(key) && value !== ""
    ).toSorted(),
  );
  for (const text of [...args, ...Object.values(environment)]) {
    if (withoutPassword(text) === text) continue;
    throw new UsageError(
      "Cannot write a password where all can read it: keep the registry in your settings " +
        "(rpc config set registry <url>) and leave it out here",
    );
  }
  const text = [...args, Deno.cwd(), ...Object.values(environment)].find((one) =>
    /[\0\r\n]/.test(one)
  );
  if (text !== undefined) {
    throw new UsageError("Cannot keep a line end in a service's command line");
  }
  return {
    name: flags.name,
    isOfUser,
    command: [program, ...own],
    directory: Deno.cwd(),
    // Under sudo it is the user who typed it, whose keys and settings are used.
    user: isOfUser ? undefined : Deno.env.get("SUDO_USER") || Deno.env.get("USER") || "root",
    environment,
    stopMs: Number(values["drainGrace"] ?? 0) + Number(values["drainTimeout"] ?? 0),
  };
}

async function install(system: System, steps: Steps, isPrinted: boolean): Promise<number> {
  const { files, commands, notes } = steps;
  if (isPrinted) {
    for (const { path, text } of files) {
      printLine(plainText([`# ${path}`, text.replaceAll("\r\n", "\n")].join("\n")));
    }
    for (const command of commands) printLine(plainText(`# runs: ${shownCommand(command)}`));
    return exitCodes.success;
  }
  await assertProgram(system);
  if (assertOurs(system)) await stop(steps);
  for (const { path, text } of files) {
    try {
      await Deno.mkdir(directoryOf(path), { recursive: true });
      await replaceFile(path, text);
    } catch (error) {
      throw unwritable(path, error);
    }
  }
  for (const command of commands) await mustRun(command);
  printLine(plainText([`${system.name} runs, by ${system.path}`, ...notes].join("\n")));
  return exitCodes.success;
}

/** Stops a server that runs, if its system needs our help for that. */
async function stop({ stop }: Steps): Promise<void> {
  if (stop === undefined) return;
  try {
    await askToStop(stop.file, systemClock);
  } catch (error) {
    throw unwritable(stop.file, error);
  }
  await runs(stop.command);
}

function unwritable(path: string, cause: unknown): CommandError {
  const advice = Deno.build.os === "windows" && cause instanceof Deno.errors.PermissionDenied
    ? "; do so as an administrator, or with --user"
    : "";
  return new CommandError(`Cannot write ${path}: ${messageOf(cause)}${advice}`, { cause });
}

async function uninstall(system: System, isPrinted: boolean): Promise<number> {
  const { stop: stops, commands } = system.uninstall;
  if (isPrinted) {
    if (stops !== undefined) {
      printLine(plainText(`# asks the server to end: ${stops.file}`));
      printLine(plainText(`# runs: ${shownCommand(stops.command)}`));
    }
    for (const command of commands) printLine(plainText(`# runs: ${shownCommand(command)}`));
    printLine(plainText(`# removes: ${system.path}`));
    return exitCodes.success;
  }
  await assertProgram(system);
  if (!assertOurs(system)) {
    throw new CommandError(`There is no service ${system.name}: ${system.path}`);
  }
  await stop(system.uninstall);
  // The service may have stopped already, or never have been started.
  for (const command of commands) await runs(command);
  for (const path of system.otherPaths) await Deno.remove(path).catch(() => {});
  try {
    await Deno.remove(system.path);
  } catch (error) {
    throw new CommandError(`Cannot remove ${system.path}: ${messageOf(error)}`, { cause: error });
  }
  if (system.forget !== undefined) await mustRun(system.forget);
  printLine(plainText(`${system.name} is gone, and so is ${system.path}`));
  return exitCodes.success;
}

async function status(system: System, isJson: boolean, isPrinted: boolean): Promise<number> {
  if (isPrinted) {
    printLine(plainText(`# runs: ${shownCommand(system.status)}`));
    return exitCodes.success;
  }
  await assertProgram(system);
  const { code, text } = await runs(system.status);
  const isInstalled = assertOurs(system);
  if (isJson) {
    printLine(
      jsonLine({ name: system.name, installed: isInstalled, runs: code === 0, path: system.path }),
    );
  } else printLine(plainText(text === "" ? `There is no service ${system.name}` : text));
  return code === 0 ? exitCodes.success : exitCodes.failure;
}

/** Whether the file exists. @throws {CommandError} we have not written it */
function assertOurs({ path }: System): boolean {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new CommandError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (text.includes(ownMark)) return true;
  throw new CommandError(`${path} is there, and not of rpc service: choose another --name`);
}

/** @throws {CommandError} the service manager is not installed */
async function assertProgram({ probe }: System): Promise<void> {
  try {
    const { text } = await runs(probe);
    // What systemd says of a system that something else has started, such as a container.
    if (text !== "offline") return;
    throw new CommandError(
      "systemd does not run this machine, so it keeps no services: let what starts programs here " +
        "run rpc serve. rpc service install --print shows what systemd would be given",
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new CommandError(
      `There is no ${probe[0]} here, which keeps services running. ` +
        "rpc service install --print shows what it would be given",
    );
  }
}

/** @throws {CommandError} it cannot be run, or fails */
async function mustRun(command: readonly string[]): Promise<void> {
  const { code, text } = await runs(command);
  if (code === 0) return;
  throw new CommandError(plainText(`${shownCommand(command)} failed (${code}): ${text}`));
}

async function runs(
  [program = "", ...args]: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  return {
    code,
    text: [stdout, stderr].map((one) => decoder.decode(one).trim()).join("\n").trim(),
  };
}

function shownCommand(command: readonly string[]): string {
  return command.map((word) => /[\s"]/.test(word) ? `'${word}'` : word).join(" ");
}
