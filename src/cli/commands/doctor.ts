import { doctorFlags } from "../doctor/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc doctor`, as data. */
export const command: Command<typeof doctorFlags> = {
  name: "doctor",
  summary: "Look for what is wrong: keys, registry, clocks, ports, versions",
  positionals: [],
  flags: doctorFlags,
  examples: [
    ["rpc doctor", "a line for each look: ok, or what to do"],
    ["rpc doctor --registry zookeeper://192.168.0.211:2181", "of another registry"],
  ],
  load: () => import("../doctor/doctor.ts"),
};
