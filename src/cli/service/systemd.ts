/** A server as a systemd unit. */

import { exitCodes } from "../../base/command_error.ts";
import { ownMark, type ServicePlan, type Steps } from "./plan.ts";

/** Extra time in addition to what a server needs to stop. */
const stopSlackMs = 15_000;

/** Whose unit it is, and the directory of that user's settings. */
export interface UnitPlace {
  readonly name: string;
  readonly isOfUser: boolean;
  /** `XDG_CONFIG_HOME`, or `.config` in the home. */
  readonly configDirectory: string | undefined;
}

/** The steps that install a unit, and start it now and at each boot. */
export function systemdInstall(plan: ServicePlan, place: UnitPlace): Steps {
  const unit = `${plan.name}.service`;
  return {
    stop: undefined,
    files: [{ path: unitPath(place), text: unitText(plan) }],
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

/** The steps that remove it. */
export function systemdUninstall(place: UnitPlace): Steps {
  return {
    stop: undefined,
    files: [],
    commands: [[...systemctl(place), "disable", "--now", `${place.name}.service`]],
    notes: [],
  };
}

/** The command that makes systemd forget a removed unit. */
export function systemdReload(place: UnitPlace): readonly string[] {
  return [...systemctl(place), "daemon-reload"];
}

/** The command that shows its state. */
export function systemdStatus(place: UnitPlace): readonly string[] {
  return [...systemctl(place), "status", "--no-pager", `${place.name}.service`];
}

/** Where the unit's file is. */
export function unitPath({ name, isOfUser, configDirectory = "" }: UnitPlace): string {
  const directory = isOfUser ? `${configDirectory}/systemd/user` : "/etc/systemd/system";
  return `${directory}/${name}.service`;
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
    // A trailing backslash would join the next line.
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
    "# A worker that takes too much memory costs its call, and not the service.",
    "OOMPolicy=continue",
    "LimitNOFILE=65536",
    "# A core file would hold this machine's key, and what callers have sent.",
    "LimitCORE=0",
    "",
    "[Install]",
    `WantedBy=${isOfUser ? "default" : "multi-user"}.target`,
    "",
  ].join("\n");
}

/** A word of a command line, quoted if needed, and without variables for systemd. */
function word(text: string): string {
  const plain = text.replaceAll("$", "$$$$");
  return /^[\w@+=:,./-]+$/.test(text) ? text : quoted(plain);
}

function quoted(text: string): string {
  const escaped = escapedPercent(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
  return `"${escaped}"`;
}

/** Escapes `%`, which has a meaning to systemd. */
function escapedPercent(text: string): string {
  return text.replaceAll("%", "%%");
}
