import { configActions, configFlags } from "../config_flags.ts";
import type { Command } from "../syntax/command.ts";

/** `rpc config`, as data. */
export const command: Command<typeof configFlags> = {
  name: "config",
  summary: "Show or change the settings in rpc.toml",
  positionals: [
    {
      name: "action",
      description: "get, set, unset, path or trust",
      completes: configActions,
    },
    {
      name: "setting",
      description: "the setting, for example registry",
      count: "optional",
      completes: "settings",
    },
    {
      name: "value",
      description: "the new value, for set",
      count: "optional",
      completes: "values",
    },
  ],
  flags: configFlags,
  examples: [
    ["rpc config get", "every setting, its value, and where it comes from"],
    ["rpc config set registry zookeeper://192.168.0.211:2181", "for all later commands"],
    ["rpc config unset registry", "back to the default"],
    ["rpc config path", "where the file is"],
    ["rpc config trust", "let everything in ./rpc.toml take effect, once you have read it"],
  ],
  load: () => import("../config.ts"),
};
