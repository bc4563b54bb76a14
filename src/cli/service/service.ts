import { hintFor } from "../../base/names/nearest.ts";
import { CommandError, exitCodes, UsageError } from "../../base/command_error.ts";
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { directoryOf, replaceFile } from "../../base/paths.ts";
import { withoutPassword } from "../../discovery/registry_url.ts";
import { ownKeysDirectory } from "../../keys/files.ts";
import { guardExposure } from "../../library/running/exposure.ts";
import { selfCommand } from "../../library/self_command.ts";
import { plainText, recordLine } from "../../base/values/plain_text.ts";
import { printLine } from "../../terminal/stdout.ts";
import type { CommandInput } from "../syntax/command.ts";
import type { serveFlags } from "../serve/flags.ts";
import { placeOf } from "../serve/place.ts";
import { sourceOf } from "../serve/source.ts";
import type { FlagValues } from "../syntax/flags.ts";
import { parseArguments } from "../syntax/parse.ts";
import { resolveFlags, settingsOf } from "../syntax/settings.ts";
import { askToStop } from "./ask_to_stop.ts";
import { serviceEnvironment } from "./environment.ts";
import { serviceActions, type serviceFlags } from "./flags.ts";
import type { ServicePlan, Steps } from "./plan.ts";
import {
  assertOurs,
  assertProgram,
  type ServiceManager,
  serviceManagerOf,
} from "./service_manager.ts";
import { mustRun, runs, shownCommand } from "./service_program.ts";

type Input = CommandInput<typeof serviceFlags>;

/** Names that are valid for units, tasks and files on all systems. */
const serviceName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

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
  const manager = serviceManagerOf(flags.name, flags.user);
  if (action === "status") return await status(manager, flags.json, flags.print);
  if (action === "uninstall") return await uninstall(manager, flags.print);
  const plan = await planOf(input, words, manager.isOfUser);
  return await install(manager, manager.install(plan), flags.print);
}

/**
 * The plan of a service, whose command line must be valid for `rpc serve`, here and as this user.
 *
 * @throws {UsageError} it is not valid, would offer a user's code to everybody, or would store a
 * password where others can read it
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
  const { listen, module } = placeOf(parsed.positionals);
  const known = settingsOf(commands);
  const values = await resolveFlags(
    serve,
    parsed.flags,
    () => Promise.resolve(known),
    () => {},
  ) as FlagValues<typeof serveFlags>;
  const source = sourceOf(values, module);
  // Under sudo the keys are another user's, and may be there.
  if (isOfUser || !Deno.env.get("SUDO_USER")) {
    const hasKeys = !values.insecure && ownKeysDirectory() !== undefined;
    try {
      guardExposure({ ...source, listen, hasKeys, insecure: values.insecure });
    } catch (error) {
      throw new UsageError(messageOf(error));
    }
  }
  const { program, args: own } = selfCommand(["serve", ...args]);
  // Under sudo it is the user who typed it, whose keys and settings are used.
  const user = isOfUser ? undefined : Deno.env.get("SUDO_USER") || Deno.env.get("USER") || "root";
  const environment = serviceEnvironment(user);
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
    user,
    environment,
    stopMs: values.drainGrace + values.drainTimeout,
  };
}

async function install(manager: ServiceManager, steps: Steps, isPrinted: boolean): Promise<number> {
  const { files, commands, notes } = steps;
  if (isPrinted) {
    for (const { path, text } of files) {
      printLine(plainText([`# ${path}`, text.replaceAll("\r\n", "\n")].join("\n")));
    }
    for (const command of commands) printLine(plainText(`# runs: ${shownCommand(command)}`));
    return exitCodes.success;
  }
  await assertProgram(manager);
  if (assertOurs(manager)) await stop(steps);
  for (const { path, text } of files) {
    try {
      await Deno.mkdir(directoryOf(path), { recursive: true });
      replaceFile(path, text);
    } catch (error) {
      throw unwritable(path, error);
    }
  }
  for (const command of commands) await mustRun(command);
  printLine(plainText([`${manager.name} runs, by ${manager.path}`, ...notes].join("\n")));
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

async function uninstall(manager: ServiceManager, isPrinted: boolean): Promise<number> {
  const { stop: stops, commands } = manager.uninstall;
  if (isPrinted) {
    if (stops !== undefined) {
      printLine(plainText(`# asks the server to end: ${stops.file}`));
      printLine(plainText(`# runs: ${shownCommand(stops.command)}`));
    }
    for (const command of commands) printLine(plainText(`# runs: ${shownCommand(command)}`));
    printLine(plainText(`# removes: ${manager.path}`));
    return exitCodes.success;
  }
  await assertProgram(manager);
  if (!assertOurs(manager)) {
    throw new CommandError(`There is no service ${manager.name}: ${manager.path}`);
  }
  await stop(manager.uninstall);
  // The service may have stopped already, or never have been started.
  for (const command of commands) await runs(command);
  for (const path of manager.otherPaths) await Deno.remove(path).catch(() => {});
  try {
    await Deno.remove(manager.path);
  } catch (error) {
    throw new CommandError(`Cannot remove ${manager.path}: ${messageOf(error)}`, { cause: error });
  }
  if (manager.forget !== undefined) await mustRun(manager.forget);
  printLine(plainText(`${manager.name} is gone, and so is ${manager.path}`));
  return exitCodes.success;
}

async function status(
  manager: ServiceManager,
  isJson: boolean,
  isPrinted: boolean,
): Promise<number> {
  if (isPrinted) {
    printLine(plainText(`# runs: ${shownCommand(manager.status)}`));
    return exitCodes.success;
  }
  await assertProgram(manager);
  const { code, text } = await runs(manager.status);
  const isInstalled = assertOurs(manager);
  if (isJson) {
    printLine(
      recordLine({
        name: manager.name,
        installed: isInstalled,
        runs: code === 0,
        path: manager.path,
      }),
    );
  } else printLine(plainText(text === "" ? `There is no service ${manager.name}` : text));
  return code === 0 ? exitCodes.success : exitCodes.failure;
}
