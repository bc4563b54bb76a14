import {
  callTimeoutMaxMsDefault,
  callTimeoutMsMax,
  connectionsMaxDefault,
  queueMaxDefault,
  queueMaxMax,
  weightMax,
  workersMax,
} from "../../base/limits.ts";
import {
  boolean,
  choice,
  integer,
  messageMaxFlag,
  registryFlags,
  text,
  zonePlaceholder,
} from "../syntax/flags.ts";

/** The levels of the log, the most talkative one first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;

const hour = 3_600_000;

/** What procedures may touch. Not settings: a file of a directory must not widen what was typed. */
const sandboxFlags = {
  allowRead: text("<paths>", {
    description: "Sandbox: procedures may read these, and nothing that no --allow-... names",
    fallback: undefined,
  }),
  allowWrite: text("<paths>", {
    description: "Sandbox: procedures may write these, and nothing that no --allow-... names",
    fallback: undefined,
  }),
  allowNet: text("<hosts>", {
    description: "Sandbox: procedures may reach these, such as 'db:5432,api.example.com'",
    fallback: undefined,
  }),
  allowEnv: text("<names>", {
    description: "Sandbox: procedures may see these environment variables",
    fallback: undefined,
  }),
  allowRun: text("<programs>", {
    description: "Sandbox: procedures may start these programs, which are in no sandbox",
    fallback: undefined,
  }),
};

/** The flags of `rpc serve`. */
export const serveFlags = {
  ...registryFlags,
  noBuiltin: boolean({ description: "Leave out the built-in procedures" }),
  exec: text("<command>", {
    description: 'A program in any language to start as worker, such as "python3 tasks.py"',
    fallback: undefined,
  }),
  python: text("<interpreter>", {
    description: "What runs a file of Python functions (default: .venv beside it, or the system's)",
    fallback: undefined,
    setting: true,
  }),
  watch: boolean({ description: "Reload the procedures when their files change", short: "w" }),
  advertise: text("<host[:port]>", {
    description: "The address that clients shall use, where it is not the one listened on",
    fallback: undefined,
    setting: true,
  }),
  ...sandboxFlags,
  private: boolean({
    description: "Let only this user call, of all on this machine: for the local registry",
    setting: true,
  }),
  audit: text("<file>", {
    description: "Write a line for each call there: who, from where, what, how it ended",
    fallback: undefined,
    setting: true,
  }),
  callers: text("<names>", {
    description: "Who may call, of those that have keys: names and patterns such as 'alice,win-*'",
    fallback: undefined,
    setting: true,
  }),
  noTap: boolean({
    description: "Let nobody listen to the calls by rpc tap, which tells their parameters too",
    setting: true,
  }),
  workers: integer("<n>", [1, workersMax], {
    description: "Worker processes that run procedures (default: one a core)",
    fallback: undefined,
    setting: true,
  }),
  workersMin: integer("<n>", [0, workersMax], {
    description: "Workers kept while nobody calls; others start when there is work (default: all)",
    fallback: undefined,
    setting: true,
  }),
  weight: integer("<n>", [0, weightMax], {
    description:
      "Share of the calls relative to other servers; 0 takes none while there are others",
    fallback: 1,
    setting: true,
  }),
  zone: text(zonePlaceholder, {
    description: "Where this server stands: clients with the same --zone call it first",
    fallback: "",
    setting: true,
  }),
  queueMax: integer("<n>", [0, queueMaxMax], {
    description: "Calls that may wait for a worker; past it calls are answered Overloaded",
    fallback: queueMaxDefault,
    setting: true,
  }),
  connectionsMax: integer("<n>", [1, 1_000_000], {
    description: "Connections held at once; more are answered Overloaded and closed",
    fallback: connectionsMaxDefault,
    setting: true,
  }),
  messageMax: messageMaxFlag,
  callTimeoutMax: integer("<ms>", [1, callTimeoutMsMax], {
    description: "Longest time that a call is given, whatever its caller asks for",
    fallback: callTimeoutMaxMsDefault,
    setting: true,
  }),
  drainGrace: integer("<ms>", [0, hour], {
    description: "On SIGTERM or Ctrl-C: how long to go on serving after leaving the registry",
    fallback: 500,
    setting: true,
  }),
  drainTimeout: integer("<ms>", [0, hour], {
    description: "On SIGTERM or Ctrl-C: how long to wait for calls that run",
    fallback: 30_000,
    setting: true,
  }),
  metrics: text("<host:port>", {
    description: "Serve /metrics for Prometheus, /healthz and /readyz there, over HTTP",
    fallback: undefined,
    setting: true,
  }),
  logLevel: choice(logLevels, {
    description: "The least important messages to log on stderr",
    fallback: "info",
    setting: true,
  }),
  logFormat: choice(["text", "json"], {
    description: "Log lines for people, or JSON objects",
    fallback: "text",
    setting: true,
  }),
};
