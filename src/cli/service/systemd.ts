/** A server as a unit of systemd. */

import { joinPath } from "../../base/paths.ts";
import { exitCodes } from "../exit_codes.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";

/** Beside what a server takes to stop by itself. */
const stopSlackMs = 15_000;

/** Whose unit it is, and where that user's settings are. */
export interface UnitPlace {
  readonly name: string;
  readonly isOfUser: boolean;
  /** `XDG_CONFIG_HOME`, or `.config` in the home. */
  readonly configDirectory: string | undefined;
}

/** What installs a unit, and has it run now and after each start of the machine. */
export function systemdInstall(plan: ServicePlan, place: UnitPlace): Steps {
  const unit = `${plan.name}.service`;
  return {
    file: { path: unitPath(place), text: unitText(plan) },
    commands: [
      [...systemctl(place), "daemon-reload"],
      [...systemctl(place), "enable", unit],
      [...systemctl(place), "restart", unit],
    ],
    notes: [
      `its log: journalctl ${plan.isOfUser ? "--user " : ""}-u ${unit} -f`,
      ...(plan.isOfUser
        ? ["to have it run while nobody is logged in: loginctl enable-linger"]
        : []),
    ],
  };
}

/** What takes it away again. */
export function systemdUninstall(place: UnitPlace): Steps {
  return {
    file: undefined,
    commands: [[...systemctl(place), "disable", "--now", `${place.name}.service`]],
    notes: [],
  };
}

/** What has systemd forget a unit whose file is gone. */
export function systemdReload(place: UnitPlace): readonly string[] {
  return [...systemctl(place), "daemon-reload"];
}

/** What tells how it is. */
export function systemdStatus(place: UnitPlace): readonly string[] {
  return [...systemctl(place), "status", "--no-pager", `${place.name}.service`];
}

/** Where the unit's file is. */
export function unitPath({ name, isOfUser, configDirectory = "" }: UnitPlace): string {
  const directory = isOfUser ? joinPath(configDirectory, "systemd", "user") : "/etc/systemd/system";
  return joinPath(directory, `${name}.service`);
}

function systemctl({ isOfUser }: UnitPlace): readonly string[] {
  return ["systemctl", ...(isOfUser ? ["--user"] : [])];
}

/** The unit's file. */
function unitText(plan: ServicePlan): string {
  const { name, isOfUser, command, directory, user, environment, stopMs } = plan;
  return [
    `# ${ownMark}: rpc service uninstall takes it away`,
    "[Unit]",
    `Description=rpc server ${escapedPercent(name)}`,
    ...(isOfUser ? [] : ["Wants=network-online.target", "After=network-online.target"]),
    "# However often it ends: a registry or a network may be long in coming.",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    `ExecStart=${command.map(word).join(" ")}`,
    // A backslash at its end would join the next line to it.
    `WorkingDirectory=${escapedPercent(directory.replace(/\\$/, "\\/"))}`,
    ...(user === undefined ? [] : [`User=${user}`]),
    ...Object.entries(environment).map(([key, value]) =>
      `Environment=${quoted(`${key}=${value}`)}`
    ),
    "Restart=always",
    "RestartSec=1",
    "# A command line that cannot be stays so.",
    "RestartPreventExitStatus=2",
    "# What it ends with when it is stopped before it took calls.",
    `SuccessExitStatus=${exitCodes.interrupted}`,
    "# SIGTERM to the server alone: it ends its workers when their calls are done.",
    "KillMode=mixed",
    `TimeoutStopSec=${Math.ceil((stopMs + stopSlackMs) / 1_000)}`,
    "LimitNOFILE=65536",
    "",
    "[Install]",
    `WantedBy=${isOfUser ? "default" : "multi-user"}.target`,
    "",
  ].join("\n");
}

/** A word of a command line: quoted if need be, with no variable for systemd to replace. */
function word(text: string): string {
  const plain = text.replaceAll("$", "$$$$");
  return /^[\w@+=:,./-]+$/.test(text) ? text : quoted(plain);
}

function quoted(text: string): string {
  const escaped = escapedPercent(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** systemd has its own meaning of `%`. */
function escapedPercent(text: string): string {
  return text.replaceAll("%", "%%");
}
