/** The subcommands. The description and the module of each are loaded when it is run. */

import type { Command } from "./syntax/command.ts";

/** Functions that load the descriptions, by command name, in the order of the help. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./commands/serve.ts")).command,
  call: async () => (await import("./commands/call.ts")).command,
  servers: async () => (await import("./commands/servers.ts")).command,
  methods: async () => (await import("./commands/methods.ts")).command,
  services: async () => (await import("./commands/services.ts")).command,
  tap: async () => (await import("./commands/tap.ts")).command,
  service: async () => (await import("./commands/service.ts")).command,
  doctor: async () => (await import("./commands/doctor.ts")).command,
  gateway: async () => (await import("./commands/gateway.ts")).command,
  mcp: async () => (await import("./commands/mcp.ts")).command,
  config: async () => (await import("./commands/config.ts")).command,
  keys: async () => (await import("./commands/keys.ts")).command,
  demo: async () => (await import("./commands/demo.ts")).command,
  completions: async () => (await import("./commands/completions.ts")).command,
  complete: async () => (await import("./commands/hidden/complete.ts")).command,
  "demo-client": async () => (await import("./commands/hidden/demo_client.ts")).command,
};

/** The subcommand of this name, if there is one. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(loaders, name) ? await loaders[name]?.() : undefined;
}

/** Every subcommand, for help and completions. */
export async function loadCommands(): Promise<readonly Command[]> {
  return await Promise.all(Object.values(loaders).map((load) => load()));
}
