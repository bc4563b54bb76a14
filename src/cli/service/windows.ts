/**
 * A server as a scheduled task of Windows, which needs no wrapper to be a service by. What the task
 * runs is a script, since a task's own command line may have 261 characters and no directory.
 */

import { joinPath } from "../../base/paths.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";

/** Where the script and its log are. */
export interface TaskPlace {
  readonly name: string;
  readonly isOfUser: boolean;
  /** `%LOCALAPPDATA%`, or of the machine `%ProgramData%`. */
  readonly dataDirectory: string;
}

/** What installs a task, and runs it now and at each start of the machine, or of the session. */
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

/** What takes it away again. */
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

/** What tells how it is. */
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

/** The task's script: it starts the server again a second after it ended, but for two reasons. */
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

/** A word as programs of Windows read it: always in quotes. */
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

/** Within quotes cmd changes nothing but variables. */
function inScript(text: string): string {
  return text.replaceAll("%", "%%");
}

/**
 * For cmd a quote inside of quotes ends them, whatever is before it, and what follows would be
 * commands: so none counts as one, and each sign that means something to cmd stands for itself.
 */
function withoutQuotes(text: string): string {
  return inScript(text).replaceAll(/["^&|<>()!]/g, "^$&");
}
