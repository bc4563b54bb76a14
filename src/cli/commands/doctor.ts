import { doctorFlags } from "../doctor/flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc doctor`, as data. */
export const command: Command<typeof doctorFlags> = {
  name: "doctor",
  summary: "Check keys, registry, clocks, ports and versions, and say what to do",
  positionals: [],
  flags: doctorFlags,
  examples: [
    ["rpc doctor", "one line per check: ok, or what to do"],
    ["rpc doctor --registry zookeeper://192.168.0.211:2181", "checks another registry"],
  ],
  load: () => import("../doctor/doctor.ts"),
};
