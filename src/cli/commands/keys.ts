import { keysActions, keysFlags } from "../keys/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc keys`, as data. */
export const command: Command<typeof keysFlags> = {
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
  load: () => import("../keys/keys.ts"),
};
