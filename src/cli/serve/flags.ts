import {
  callTimeoutMaxMsDefault,
  connectionsMaxDefault,
  queueMaxDefault,
  queueMaxMax,
  weightMax,
  workersMax,
} from "../../base/limits.ts";
import {
  boolean,
  duration,
  integer,
  list,
  messageMaxFlag,
  registryFlags,
  text,
  zone,
} from "../syntax/flags.ts";
import { logFlags } from "../syntax/log_flags.ts";

const hour = 3_600_000;

/** The sandbox of procedures. Not settings: a file in the directory must not widen it. */
const sandboxFlags = {
  allowRead: list("<paths>", {
    description:
      "Sandbox: procedures may read only these, and do nothing else that no --allow-... permits",
    fallback: undefined,
  }),
  allowWrite: list("<paths>", {
    description:
      "Sandbox: procedures may write only these, and do nothing else that no --allow-... permits",
    fallback: undefined,
  }),
  allowNet: list("<hosts>", {
    description: 'Sandbox: procedures may connect only to these, such as "db:5432,api.example.com"',
    fallback: undefined,
  }),
  allowEnv: list("<names>", {
    description: "Sandbox: procedures may see only these environment variables",
    fallback: undefined,
  }),
  allowRun: list("<programs>", {
    description:
      "Sandbox: procedures may start only these programs, which run outside of it (in a binary: inside)",
    fallback: undefined,
  }),
};

/** The flags of `rpc serve`. */
export const serveFlags = {
  ...registryFlags,
  noBuiltin: boolean({ description: "Do not publish the built-in procedures" }),
  exec: text("<command>", {
    description: 'A program in any language to run as a worker, such as "python3 tasks.py"',
    fallback: undefined,
  }),
  python: text("<interpreter>", {
    description:
      "Python interpreter for .py files (default: .venv beside the file, or the system's)",
    fallback: undefined,
    setting: true,
  }),
  watch: boolean({ description: "Reload the procedures when their files change", short: "w" }),
  advertise: text("<host[:port]>", {
    description: "The address that clients connect to, if it is not the one to listen on",
    fallback: undefined,
    setting: true,
  }),
  ...sandboxFlags,
  private: boolean({
    description: "Accept calls only from this user of this machine (with the local registry)",
    setting: true,
  }),
  audit: text("<file>", {
    description: "Write a line per call to this file: who called, from where, what, how it ended",
    fallback: undefined,
    setting: true,
  }),
  callers: list("<names>", {
    description: 'Members of the cluster that may call: names and patterns such as "alice,win-*"',
    fallback: undefined,
    setting: true,
  }),
  noTap: boolean({
    description: "Refuse rpc tap, which shows calls with their parameters",
    setting: true,
  }),
  workers: integer("<n>", [1, workersMax], {
    description: "Number of worker processes (default: one per core)",
    fallback: undefined,
    setting: true,
  }),
  workersMin: integer("<n>", [0, workersMax], {
    description: "Workers kept while nobody calls; others start when there is work (default: all)",
    fallback: undefined,
    setting: true,
  }),
  weight: integer("<n>", [0, weightMax], {
    description: "Share of the calls relative to other servers; 0: none while others are up",
    fallback: 1,
    setting: true,
  }),
  zone: zone("The zone of this server: clients with the same --zone prefer it"),
  queueMax: integer("<n>", [0, queueMaxMax], {
    description: "Calls that may wait for a worker; further calls fail with Overloaded",
    fallback: queueMaxDefault,
    setting: true,
  }),
  connectionsMax: integer("<n>", [1, 1_000_000], {
    description: "Open connections; further ones are closed with Overloaded",
    fallback: connectionsMaxDefault,
    setting: true,
  }),
  messageMax: messageMaxFlag,
  callTimeoutMax: duration("<time>", {
    description: "Longest timeout of a call, whatever its caller asks for",
    fallback: callTimeoutMaxMsDefault,
    setting: true,
  }, "ms"),
  drainGrace: duration(
    "<time>",
    {
      description: "On SIGTERM or Ctrl-C: how long to keep serving after leaving the registry",
      fallback: 500,
      setting: true,
    },
    "ms",
    [0, hour],
  ),
  drainTimeout: duration(
    "<time>",
    {
      description: "On SIGTERM or Ctrl-C: how long to wait for running calls",
      fallback: 30_000,
      setting: true,
    },
    "ms",
    [0, hour],
  ),
  metrics: text("<host:port>", {
    description: "Serve /metrics (Prometheus), /healthz and /readyz over HTTP at this address",
    fallback: undefined,
    setting: true,
  }),
  ...logFlags,
};
