import { demoFlags } from "../demo/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc demo`, as data. */
export const command: Command<typeof demoFlags> = {
  name: "demo",
  summary: "Run five scenarios with real servers and clients, and compare them",
  positionals: [],
  flags: demoFlags,
  examples: [
    ["rpc demo", "on this machine, with no set-up; under half a minute"],
    ["rpc demo --html report.html", "with a page of plots"],
    ["rpc demo --registry zookeeper://127.0.0.1:2181", "found through ZooKeeper"],
  ],
  load: () => import("../demo/demo.ts"),
};
