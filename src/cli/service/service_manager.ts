import { CommandError } from "../../base/command_error.ts";
import { messageOf } from "../../base/errors.ts";
import { isAbsolutePath, readRegularFile, userDirectory } from "../../base/paths.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";
import { runs } from "./service_program.ts";
import {
  systemdInstall,
  systemdReload,
  systemdStatus,
  systemdUninstall,
  unitPath,
  type UnitPlace,
} from "./systemd.ts";
import { taskInstall, taskPaths, type TaskPlace, taskStatus, taskUninstall } from "./windows.ts";

/** What keeps one service running here, as far as we use it. */
export interface ServiceManager {
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

/**
 * This system's.
 *
 * @param wantsUser whether the service is to be this user's, and not the machine's
 * @throws {CommandError} this system has none that we know
 */
export function serviceManagerOf(name: string, wantsUser: boolean): ServiceManager {
  switch (Deno.build.os) {
    case "windows": {
      const variable = wantsUser ? "LOCALAPPDATA" : "ProgramFiles";
      const directory = Deno.env.get(variable) ?? "";
      if (!isAbsolutePath(directory)) {
        throw new CommandError(`Cannot tell where to write: ${variable} is no absolute path`);
      }
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

/** Whether the file exists. @throws {CommandError} we have not written it */
export function assertOurs({ path }: ServiceManager): boolean {
  let text: string;
  try {
    text = new TextDecoder().decode(readRegularFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new CommandError(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (text.includes(ownMark)) return true;
  throw new CommandError(`${path} is there, and not of rpc service: choose another --name`);
}

/** Makes sure that it is here and runs. @throws {CommandError} it is not, or does not */
export async function assertProgram({ probe }: ServiceManager): Promise<void> {
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
