/**
 * A server as a scheduled task of Windows, which needs no wrapper, unlike a service. The task runs
 * a script, since its own command line is limited to 261 characters and has no directory.
 */

import { joinPath } from "../../base/paths.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";

/** Where the script and its log are. */
export interface TaskPlace {
  readonly name: string;
  readonly isOfUser: boolean;
  /** `%LOCALAPPDATA%`, or `%ProgramData%` for the machine. */
  readonly dataDirectory: string;
}

/** The steps that install a task, and run it now and at each boot or log-on. */
export function taskInstall(plan: ServicePlan, place: TaskPlace): Steps {
  const path = scriptPath(place);
  const when = plan.isOfUser ? ["/SC", "ONLOGON"] : ["/SC", "ONSTART", "/RU", "SYSTEM"];
  return {
    file: { path, text: scriptText(plan, logPath(place)) },
    commands: [
      ["schtasks", "/Create", "/F", "/TN", plan.name, ...when, "/TR", `"${path}"`],
      ["schtasks", "/Run", "/TN", plan.name],
    ],
    notes: [`its log: ${logPath(place)}`],
  };
}

/** The steps that remove it. */
export function taskUninstall(place: TaskPlace): Steps {
  return {
    file: undefined,
    commands: [
      ["schtasks", "/End", "/TN", place.name],
      ["schtasks", "/Delete", "/F", "/TN", place.name],
    ],
    notes: [],
  };
}

/** The command that shows its state. */
export function taskStatus(place: TaskPlace): readonly string[] {
  return ["schtasks", "/Query", "/V", "/FO", "LIST", "/TN", place.name];
}

/** Where the task's script is. */
export function scriptPath({ name, dataDirectory }: TaskPlace): string {
  return joinPath(dataDirectory, "rpc", `${name}.cmd`);
}

function logPath({ name, dataDirectory }: TaskPlace): string {
  return joinPath(dataDirectory, "rpc", `${name}.log`);
}

/** The task's script: it restarts the server after a second, unless that ended on purpose. */
function scriptText(plan: ServicePlan, log: string): string {
  const { command, directory, environment } = plan;
  return [
    "@echo off",
    `rem ${ownMark}: rpc service uninstall takes it away`,
    "chcp 65001 >nul",
    `cd /d "${inScript(directory)}"`,
    ...Object.entries(environment).map(([key, value]) => setting(key, value)),
    ":again",
    `${command.map(word).join(" ")} >>"${inScript(log)}" 2>&1`,
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
