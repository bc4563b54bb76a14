import { serveFlags } from "../serve/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc serve`, as data. */
export const command: Command<typeof serveFlags> = {
  name: "serve",
  summary: "Publish procedures, and register this server so that clients can find it",
  positionals: [
    {
      name: "host",
      description:
        "the address to listen on, such as 192.168.0.211 or 0.0.0.0 (default: 127.0.0.1)",
      count: "optional",
      completes: "files", // A module may come first, and after host:port.
    },
    {
      name: "port",
      description: "the TCP port to listen on (default: 0, which picks a free one)",
      count: "optional",
      completes: "files",
    },
    {
      name: "module",
      description: "a .ts, .js or .py file whose functions to publish",
      count: "optional",
      completes: "files",
    },
  ],
  flags: serveFlags,
  examples: [
    ["rpc serve", "on this machine, on any free port; the same as rpc serve 127.0.0.1 0"],
    ["rpc serve tasks.ts", "the same, with the functions that tasks.ts exports"],
    [
      "rpc serve 127.0.0.1 0 tasks.ts --watch",
      "the same, reloaded when the file changes",
    ],
    ["rpc serve 127.0.0.1 0 tasks.py --watch", "the functions of a Python file"],
    [`rpc serve 127.0.0.1 0 --exec "ruby tasks.rb"`, "procedures in any language"],
    [
      "rpc serve 192.168.0.211 6666 --registry zookeeper://192.168.0.211:2181",
      "on a network, found through ZooKeeper",
    ],
    ["rpc serve 0.0.0.0 6666 --advertise 192.168.0.211", "in a container or behind NAT"],
    ["rpc serve 127.0.0.1 0 --metrics 127.0.0.1:9464", "with metrics for Prometheus"],
  ],
  load: () => import("../serve/serve.ts"),
};
