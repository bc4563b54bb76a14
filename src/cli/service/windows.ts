/**
 * A server as a scheduled task of Windows, which needs no wrapper, unlike a service. The task runs
 * a script, since its own command has no environment, keeps no log, and is not restarted.
 */

import { joinPath } from "../../base/paths.ts";
import { stopFileVariable } from "../process/stop_file_variable.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";
import { taskDefinition } from "./task_definition.ts";

/** Where the script and its log are. */
export interface TaskPlace {
  readonly name: string;
  /** The user who runs it at log-on, such as `PC\\me`; `undefined`: it is the machine's. */
  readonly user: string | undefined;
  /**
   * `%LOCALAPPDATA%`, or `%ProgramFiles%` for the machine: in `%ProgramData%` any user may make a
   * directory before us, and so change what the system runs.
   */
  readonly directory: string;
}

/** The steps that install a task, and run it now and at each boot or log-on. */
export function taskInstall(plan: ServicePlan, place: TaskPlace): Steps {
  const { script, definition } = taskPaths(place);
  return {
    stop: stopOf(place),
    files: [
      { path: script, text: scriptText(plan, place) },
      { path: definition, text: taskDefinition(script, place.user) },
    ],
    commands: [
      ["schtasks", "/Create", "/F", "/TN", plan.name, "/XML", definition],
      ["schtasks", "/Run", "/TN", plan.name],
    ],
    notes: [`its log: ${pathOf(place, "log")}`],
  };
}

/** The steps that remove it. */
export function taskUninstall(place: TaskPlace): Steps {
  return {
    stop: stopOf(place),
    files: [],
    commands: [["schtasks", "/Delete", "/F", "/TN", place.name]],
    notes: [],
  };
}

/** The command that shows its state. */
export function taskStatus(place: TaskPlace): readonly string[] {
  return ["schtasks", "/Query", "/V", "/FO", "LIST", "/TN", place.name];
}

/** Where the task's script and its definition are. */
export function taskPaths(
  place: TaskPlace,
): { readonly script: string; readonly definition: string } {
  return { script: pathOf(place, "cmd"), definition: pathOf(place, "xml") };
}

/** The end of a task ends its script, and not what the script has started. */
function stopOf(place: TaskPlace): Steps["stop"] {
  return { file: pathOf(place, "stop"), command: ["schtasks", "/End", "/TN", place.name] };
}

function pathOf({ name, directory }: TaskPlace, ending: string): string {
  return joinPath(directory, "rpc", `${name}.${ending}`);
}

/** The task's script: it restarts the server after a second, unless that ended on purpose. */
function scriptText(plan: ServicePlan, place: TaskPlace): string {
  const { command, directory } = plan;
  const environment = { ...plan.environment, [stopFileVariable]: pathOf(place, "stop") };
  return [
    "@echo off",
    `rem ${ownMark}: rpc service uninstall takes it away`,
    "chcp 65001 >nul",
    `cd /d "${inScript(directory)}"`,
    ...Object.entries(environment).map(([key, value]) => setting(key, value)),
    ":again",
    `${command.map(word).join(" ")} >>"${inScript(pathOf(place, "log"))}" 2>&1`,
    "rem It was asked to end, or its command line cannot be.",
    "if %errorlevel% equ 0 exit /b 0",
    "if %errorlevel% equ 2 exit /b 2",
    "ping -n 2 127.0.0.1 >nul",
    "goto again",
    "",
  ].join("\r\n");
}

/** A word for programs on Windows, always in quotes. */
function word(text: string): string {
  const escaped = text.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1");
  return hasQuote(text) ? withoutQuotes(`"${escaped}"`) : `"${inScript(escaped)}"`;
}

function setting(key: string, value: string): string {
  return hasQuote(value)
    ? `set ${withoutQuotes(`${key}=${value}`)}`
    : `set "${key}=${inScript(value)}"`;
}

function hasQuote(text: string): boolean {
  return text.includes('"');
}

/** Escapes variables, the only thing that cmd replaces within quotes. */
function inScript(text: string): string {
  return text.replaceAll("%", "%%");
}

/**
 * For cmd a quote within quotes ends these, whatever precedes it, and the rest could be commands.
 * So all quotes are escaped, and with them each character that has a meaning to cmd.
 */
function withoutQuotes(text: string): string {
  return inScript(text).replaceAll(/["^&|<>()!]/g, "^$&");
}
