import { serveFlags } from "../serve/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc serve`, as data. */
export const command: Command<typeof serveFlags> = {
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
  load: () => import("../serve/serve.ts"),
};
