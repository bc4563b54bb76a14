import { nodeRuntime } from "../support/node_command.ts";
import { clientAndServer, type System } from "./system.ts";

/** jayson: JSON-RPC over TCP as well. */
export const jayson: System = {
  name: "jayson",
  async start() {
    const { name, command } = await nodeRuntime();
    return await clientAndServer({
      note: `jayson 5.0.0 under ${name}, TCP. Its client makes a connection for each call`,
      server: command("jayson_server.mjs", []),
      client: (argument) => command("jayson_client.mjs", [argument]),
    });
  },
};
