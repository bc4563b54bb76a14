/** The subcommands, as data. Their modules are loaded when they are run. */

import { callFlags } from "./call/flags.ts";
import { type Command, defineCommand } from "./syntax/command.ts";
import { completeFlags, completionsFlags, shells } from "./completions/flags.ts";
import { configFlags } from "./config_flags.ts";
import { demoClientFlags, demoFlags } from "./demo/flags.ts";
import { gatewayFlags } from "./gateway/flags.ts";
import { keysActions, keysFlags } from "./keys/flags.ts";
import { mcpFlags } from "./mcp/flags.ts";
import { methodsFlags } from "./methods/flags.ts";
import { serveFlags } from "./serve/flags.ts";
import { serversActions, serversFlags } from "./servers/flags.ts";
import { servicesFlags } from "./services/flags.ts";
import { tapFlags } from "./tap/flags.ts";
import { workerFlags } from "./serve/worker_flags.ts";

const serveCommand = defineCommand({
  name: "serve",
  summary: "Publish procedures, and register this server so that clients find it",
  positionals: [
    { name: "host", description: "the address to listen on, for example 192.168.0.211 or 0.0.0.0" },
    { name: "port", description: "the TCP port to listen on; 0 picks a free one" },
    {
      name: "module",
      description: "a .ts, .js or .py file whose functions are served too",
      count: "optional",
      completes: "files",
    },
  ],
  flags: serveFlags,
  examples: [
    ["rpc serve 127.0.0.1 0", "on this machine, on any free port"],
    [
      "rpc serve 127.0.0.1 0 tasks.ts --watch",
      "the functions that tasks.ts exports, as it changes",
    ],
    ["rpc serve 127.0.0.1 0 tasks.py --watch", "the functions of a Python file, as it changes"],
    [`rpc serve 127.0.0.1 0 --exec "ruby tasks.rb"`, "procedures in any language"],
    [
      "rpc serve 192.168.0.211 6666 --registry zookeeper://192.168.0.211:2181",
      "on a network, found through ZooKeeper",
    ],
    ["rpc serve 0.0.0.0 6666 --advertise 192.168.0.211", "in a container or behind NAT"],
    ["rpc serve 127.0.0.1 0 --metrics 127.0.0.1:9464", "watched by Prometheus"],
  ],
  load: () => import("./serve/serve.ts"),
});

const callCommand = defineCommand({
  name: "call",
  summary: "Call a procedure on whatever servers there are, once or many times",
  positionals: [
    {
      name: "method",
      description: "the procedure, for example fib: see rpc methods",
      completes: "methods",
    },
    {
      name: "args",
      description: "its arguments: JSON, or else text; {i} stands for the call's number from 1",
      count: "many",
    },
  ],
  flags: callFlags,
  examples: [
    ["rpc call ping", "one call"],
    ["rpc call fib 32 --repeat 100", "a hundred, spread over all servers"],
    ["rpc call ping --each", "once at every server, a line for each"],
    ["rpc call ping {i} --repeat 1000 --concurrency 16", "numbered from 1 to 1000, 16 at a time"],
    ["rpc call fib 27 --duration 30s --rate 50", "fifty a second for half a minute"],
    [`rpc call fib --params '{"n": 32}'`, "with named parameters"],
    [
      "rpc call fib --input jobs.ndjson -c 16 --failed failed.ndjson",
      'a line a call: [32], {"n": 32} or 32; results in the order of the lines',
    ],
  ],
  load: () => import("./call/call.ts"),
});

const serversCommand = defineCommand({
  name: "servers",
  summary: "List the servers that are registered, and drain, resume or weight one",
  positionals: [
    {
      name: "action",
      description: `${serversActions.join(", ")}: change what share of the calls a server is given`,
      count: "optional",
      completes: serversActions,
    },
    {
      name: "server",
      description: "its address, or how its id begins",
      count: "optional",
    },
    { name: "weight", description: "its new weight, with weight", count: "optional" },
  ],
  flags: serversFlags,
  examples: [
    ["rpc servers", "a table"],
    ["rpc servers drain 192.168.0.211:6666", "no new calls go there, and none is lost"],
    ["rpc servers resume 192.168.0.211:6666", "they go there again"],
    ["rpc servers weight 192.168.0.211:6666 2", "twice the calls of one with weight 1"],
    ["rpc servers --watch", "a table that is kept up to date"],
    ["rpc servers --watch --json", "a line for each change, for a program"],
  ],
  load: () => import("./servers/servers.ts"),
});

const methodsCommand = defineCommand({
  name: "methods",
  summary: "List the procedures that servers offer, or tell all of one",
  positionals: [{
    name: "name",
    description: "a procedure to tell all of",
    count: "optional",
    completes: "methods",
  }],
  flags: methodsFlags,
  examples: [
    ["rpc methods", "a table"],
    ["rpc methods fib", "its parameters, what it returns, and an example"],
  ],
  load: () => import("./methods/methods.ts"),
});

const servicesCommand = defineCommand({
  name: "services",
  summary: "List the services that are registered, with how many servers each has",
  positionals: [],
  flags: servicesFlags,
  examples: [
    ["rpc services", "a table"],
    ["rpc services --all", "those too that nobody serves now"],
  ],
  load: () => import("./services/services.ts"),
});

const tapCommand = defineCommand({
  name: "tap",
  summary: "Listen to the calls that servers answer, as they end",
  positionals: [{
    name: "methods",
    description: "only these; * stands for any text, for example img.*",
    count: "many",
    completes: "methods",
  }],
  flags: tapFlags,
  examples: [
    ["rpc tap", "all calls at all servers: up to 200 a second of each, the rest is counted"],
    ["rpc tap fib --slow 100ms", "calls of fib that take long"],
    ["rpc tap --failed --server 192.168.0.211:6666", "what fails at one server"],
    ["rpc tap --json", "a line a call, for a program"],
  ],
  load: () => import("./tap/tap.ts"),
});

const gatewayCommand = defineCommand({
  name: "gateway",
  summary: "Answer HTTP in front of a service: for browsers, curl and any language",
  positionals: [
    {
      name: "address",
      description: "host:port to listen on (default: 127.0.0.1:8080); port 0 picks a free one",
      count: "optional",
    },
  ],
  flags: gatewayFlags,
  examples: [
    ["rpc gateway", "on this machine; prints the address with the token to show"],
    ["rpc gateway 127.0.0.1:8080 --token-file gateway.token", "with the same token each time"],
    [
      "rpc gateway 0.0.0.0:8443 --tls-cert gateway.crt --tls-key gateway.key",
      "on a network, over TLS",
    ],
  ],
  load: () => import("./gateway/gateway.ts"),
});

const mcpCommand = defineCommand({
  name: "mcp",
  summary: "Offer the procedures to agents as tools: Model Context Protocol on stdio",
  positionals: [],
  flags: mcpFlags,
  examples: [
    ["rpc mcp", "all methods; an agent's program starts it"],
    ["rpc mcp --methods 'img.*,fib'", "some of them"],
  ],
  load: () => import("./mcp/mcp.ts"),
});

const configCommand = defineCommand({
  name: "config",
  summary: "Show or change the settings kept in rpc.toml",
  positionals: [
    {
      name: "action",
      description: "get, set, unset, path or trust",
      completes: ["get", "set", "unset", "path", "trust"],
    },
    {
      name: "setting",
      description: "its name, for example registry",
      count: "optional",
      completes: "settings",
    },
    {
      name: "value",
      description: "its new value, with set",
      count: "optional",
      completes: "values",
    },
  ],
  flags: configFlags,
  examples: [
    ["rpc config get", "every setting, its value, and where that comes from"],
    ["rpc config set registry zookeeper://192.168.0.211:2181", "for all later commands"],
    ["rpc config unset registry", "back to the default"],
    ["rpc config path", "where the file is"],
    ["rpc config trust", "let all that ./rpc.toml says count, once you have read it"],
  ],
  load: () => import("./config.ts"),
});

const keysCommand = defineCommand({
  name: "keys",
  summary: "Say who may call: make a cluster's keys, and hand them to other machines",
  positionals: [
    { name: "action", description: keysActions.join(", "), completes: keysActions },
    {
      name: "target",
      description: "the address to invite at or to join, the member to export, the file to import",
      count: "optional",
      completes: "files",
    },
  ],
  flags: keysFlags,
  examples: [
    ["rpc keys init", "a cluster: from now on serve and call on this machine are secure"],
    ["rpc keys invite 192.168.0.211:6665", "prints a token for one machine to join with"],
    ["rpc keys join 192.168.0.211:6665", "on that machine: asks for the token"],
    ["rpc keys invite 192.168.0.211:6665 --rights read,call:fib*", "for one that may only call"],
    ["rpc keys export alice > alice.keys", "the same without a network: a file to carry over"],
    ["rpc keys import alice.keys", "and to take there"],
    ["rpc keys show", "who this machine is, what it may do, and until when"],
    ["rpc keys renew", "a new certificate for the same machine"],
    ["rpc keys zookeeper 192.168.0.211", "has a ZooKeeper speak TLS with the same keys"],
  ],
  load: () => import("./keys/keys.ts"),
});

const demoCommand = defineCommand({
  name: "demo",
  summary: "Play five scenarios with real servers and clients, and compare them",
  positionals: [],
  flags: demoFlags,
  examples: [
    ["rpc demo", "on this machine, with no set-up; under half a minute"],
    ["rpc demo --html report.html", "with a page of plots"],
    ["rpc demo --registry zookeeper://127.0.0.1:2181", "found through ZooKeeper"],
  ],
  load: () => import("./demo/demo.ts"),
});

const completionsCommand = defineCommand({
  name: "completions",
  summary: "Print what lets a shell complete rpc's command lines at Tab",
  positionals: [
    {
      name: "shell",
      description: shells.join(", "),
      completes: shells,
    },
  ],
  flags: completionsFlags,
  examples: [
    ["rpc completions bash > ~/.local/share/bash-completion/completions/rpc", "bash, for good"],
    ["rpc completions zsh > ~/.zfunc/_rpc", "zsh, where ~/.zfunc is in its fpath"],
    ["rpc completions fish > ~/.config/fish/completions/rpc.fish", "fish, for good"],
    ["rpc completions powershell >> $PROFILE", "PowerShell, for good"],
  ],
  load: () => import("./completions/completions.ts"),
});

const completeCommand = defineCommand({
  name: "complete",
  summary: "Tell a shell how a command line can go on",
  positionals: [{ name: "before", description: "the words before the cursor", count: "many" }],
  flags: completeFlags,
  examples: [],
  hidden: true,
  load: () => import("./completions/complete.ts"),
});

const demoClientCommand = defineCommand({
  name: "demo-client",
  summary: "Make the calls of one client of the demo",
  positionals: [],
  flags: demoClientFlags,
  examples: [],
  hidden: true,
  load: () => import("./demo/client.ts"),
});

const workerCommand = defineCommand({
  name: "worker",
  summary: "Run procedures for a server, over stdin and stdout",
  positionals: [],
  flags: workerFlags,
  examples: [],
  hidden: true,
  load: () => import("./serve/worker.ts"),
});

/** Every subcommand, in the order of the help. */
export const commands: readonly Command[] = [
  serveCommand,
  callCommand,
  serversCommand,
  methodsCommand,
  servicesCommand,
  tapCommand,
  gatewayCommand,
  mcpCommand,
  configCommand,
  keysCommand,
  demoCommand,
  completionsCommand,
  completeCommand,
  demoClientCommand,
  workerCommand,
];
