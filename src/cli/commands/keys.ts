import { keysActions, keysFlags } from "../keys/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc keys`, as data. */
export const command: Command<typeof keysFlags> = {
  name: "keys",
  summary: "Control who may call: create a cluster's keys, and give them to other machines",
  positionals: [
    { name: "action", description: keysActions.join(", "), completes: keysActions },
    {
      name: "target",
      description: "the address for invite or join, the member to export, or the file to import",
      count: "optional",
      completes: "files",
    },
  ],
  flags: keysFlags,
  examples: [
    ["rpc keys init", "creates a cluster: from now on, serve and call on this machine use TLS"],
    ["rpc keys invite 192.168.0.211:6665", "prints a token that lets one machine join"],
    ["rpc keys join 192.168.0.211:6665", "on that machine: asks for the token"],
    [
      'rpc keys invite 192.168.0.211:6665 --rights "read,call:fib*"',
      "for a machine that may only call",
    ],
    ["rpc keys export alice > alice.keys", "without a network: writes a file to carry over"],
    ["rpc keys import alice.keys", "and imports it on the other machine"],
    ["rpc keys show", "this machine's name, its rights, and when they expire"],
    ["rpc keys renew", "a new certificate for the same machine"],
    ["rpc keys zookeeper 192.168.0.211", "writes what ZooKeeper needs for TLS with the same keys"],
  ],
  load: () => import("../keys/keys.ts"),
};
